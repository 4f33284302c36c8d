#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

/* A growing list of event sequences. Not shared between threads. */

struct sequences {
    uint64_t *at; /* ascending, each once */
    size_t count, room;
};

/* Frees it; then it is empty. */
void sequences_done(struct sequences *sequences);

/* Appends a sequence; false: out of memory. */
bool sequences_add(struct sequences *sequences, uint64_t sequence);

/* The same as a visitor: arg is the sequences. */
enum rc sequences_visit(void *arg, uint64_t sequence, struct fault *fault);

/* Sorts the sequences and leaves each once. */
void sequences_settle(struct sequences *sequences);

/* Whether it is one of them; only once they are settled. */
bool sequences_has(const struct sequences *sequences, uint64_t sequence);
