#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

/* Linearizable reads of a log that other nodes write: whoever wants to see all that was acknowledged before
 * waits until this node's model is at the log's head. The head is asked once for all who came before the
 * question was sent (as Raft's read index). A thread of its own; no event loop waits. Source:
 * docs/decisions/0024. */

struct engine;
struct read_index;

/* In the caller's memory until done was called. */
struct read_waiter {
    struct read_waiter *next;
    void (*done)(struct read_waiter *waiter); /* on another thread, or before read_index_wait returns */
    enum rc rc;                               /* RC_OK: the model is young enough. RC_BUSY: nobody knows */
    struct fault fault;
};

/* Starts the thread. say: to the operator, when the log is away and when it is back; NULL: to nobody. Errors:
 * RC_BUSY, no memory or no thread. */
MUST_CHECK enum rc read_index_new(struct engine *engine, void (*say)(const char *what, const char *why),
                                  struct read_index **out_index, struct fault *fault);

/* Tells all who wait that nobody knows, and ends the thread. NULL is fine. */
void read_index_free(struct read_index *index);

/* Calls done of each of a chain once the model is as young as the log was when this was called. While the log
 * is away, at once. Any thread. */
void read_index_wait(struct read_index *index, struct read_waiter *first);

struct read_index_state {
    int64_t away_since_ms;    /* wall clock; 0: the log answers */
    uint64_t waits, asked;    /* who waited, and how often the head was asked for them */
    uint64_t ask_us, fold_us; /* how long in all: for the head, then for the model to be there */
    uint64_t head, turn;      /* the last head that was told; how far the model is */
};

/* Whether the log could not be asked when it was last tried. Any thread; takes no lock. */
bool read_index_is_away(const struct read_index *index);

/* Whether it is away, and the engine has not reached it either since it was tried. Any thread; takes no lock.
 */
bool read_index_is_lost(const struct read_index *index);

/* How it is, at one instant. Any thread. */
struct read_index_state read_index_state(struct read_index *index);
