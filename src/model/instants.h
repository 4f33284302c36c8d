#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Instants, each as often as it was added, of which the latest is known at once: also when those after it are
 * taken out again. Adding and taking out cost the logarithm of their number and the move of some hundred.
 * All of it zero is an empty one. One thread at a time. */

struct instant_run;

struct instants {
    struct instant_run *runs; /* ascending; none is empty but an only one */
    uint32_t run_count, run_room;
};

/* Frees what it holds: it is empty again. */
void instants_done(struct instants *instants);

/* A copy with memory of its own; false: out of memory, and *out is empty. */
bool instants_copy(const struct instants *from, struct instants *out);

/* False: out of memory, nothing changed. */
bool instants_add(struct instants *instants, int64_t ms);

/* Takes one out that was added. */
void instants_remove(struct instants *instants, int64_t ms);

/* INSTANT_NEVER: there is none. */
int64_t instants_last(const struct instants *instants);
