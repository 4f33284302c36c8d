#pragma once

#include "app/log_history.h"

/* A rollback of a learner's log entries: what differs between now and then is found out on a thread that may
 * wait, from all their log events; the engine only looks whether their entries are still those, and stores
 * it. Source: contract 5. */

struct rollback {
    struct bound to;
    uint32_t learner;
    uint64_t changed;       /* the last event about the entries that was seen; log_totals.h */
    struct store_log *logs; /* what changes, in the arena */
    size_t log_count, log_room;
    uint64_t changed_bytes; /* that they will have */
    uint32_t entries;       /* that there are then */
    uint64_t bytes;
};

enum { ROLLBACK_TRIES = 5 }; /* before a client is told to try again */

/* What the store's rows of a learner still lack to be what their events say: after a kill. */
MUST_CHECK enum rc rollback_left(const struct history *history, uint32_t learner, struct arena *arena,
                                 struct rollback *out, struct fault *fault);

/* Finds out what going back to text (an event id or an instant) changes; all of it in arena. RC_NOT_FOUND:
 * the learner (0) is nobody. RC_INVALID names field. Not for a thread that must not wait. */
MUST_CHECK enum rc rollback_prepare(const struct history *history, uint32_t learner, const char *text,
                                    const char *field, struct arena *arena, struct rollback *out,
                                    struct fault *fault);
