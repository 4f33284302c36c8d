#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Work that goes on over several batches, and that another node has begun. That somebody goes on is heard of
 * in the log: rows of log entries that settle, or each second the list of what adopts. Of what nothing was
 * heard for some seconds whoever began it is dead, or not to be waited for, and this node goes on with it.
 * Two may go on at once: each step is decided under the log's lock and asks what is left by then. Of a log
 * that nobody else writes there never is any. The engine's thread. docs/decisions/0029. */

struct begun;

struct unfinished {
    bool shared;      /* other nodes write the log */
    uint32_t spread;  /* a number of this node's own, so that one of those who are left is the first */
    int64_t look_ms;  /* monotonic, when something may be due */
    struct begun *at; /* by what */
    uint32_t count, capacity;
};

/* Something of it came. Out of memory: it is not taken over, and the next start goes on with it. */
void unfinished_heard(struct unfinished *unfinished, uint64_t what);

/* Something of it came, if it is known. */
void unfinished_goes_on(struct unfinished *unfinished, uint64_t what);

/* It was ended. */
void unfinished_over(struct unfinished *unfinished, uint64_t what);

/* One of which nothing came for long, which counts as heard of from here on; 0: none. */
uint64_t unfinished_due(struct unfinished *unfinished);

/* Frees what is held. */
void unfinished_done(struct unfinished *unfinished);
