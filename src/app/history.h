#pragma once

#include "app/sequences.h"
#include "model/model.h"
#include "model/tail.h"
#include "core/log_entries.h"

/* What was: one learner's events. Reads the event file, so not for a thread that must not wait. Any thread.
 * Source: contract 5 and 7. A learner's state at a bound: history_model.h; log entries: log_history.h,
 * log_life.h. */

/* What histories are read from; the engine gives it (engine_history). */
struct history {
    struct store *store;
    struct tail *tail;
    struct model *model;
    struct log_totals *totals; /* how many log entries each learner has */
};

/* All events of a learner (0: of the catalogue), appended and settled. */
MUST_CHECK enum rc history_sequences(const struct history *history, uint32_t learner, struct sequences *out,
                                     struct fault *fault);

/* Events of one learner whose sequences are known, a page of them, decoded, in order; what they point to is
 * borrowed for the visit. Visitors as in store/store.h. */
MUST_CHECK enum rc history_page(const struct history *history, const uint64_t *sequences, size_t count,
                                enum rc (*visit)(void *arg, const struct event *event, struct fault *fault),
                                void *arg, struct fault *fault);

/* RC_INTERNAL: an event does not decode; the operator is told which. */
enum rc history_unreadable(const struct stored_event *stored, struct fault *fault);

/* Whether a text may be a bound at all; what is known before whose it is. RC_INVALID names field. */
MUST_CHECK enum rc history_readable(const char *text, const char *field, struct fault *fault);

/* The bound that a client's text means: an event id of this learner's, an instant, or a date (its midnight
 * UTC). RC_INVALID names field. */
MUST_CHECK enum rc history_bound(const struct history *history, uint32_t learner, const char *text,
                                 const char *field, struct bound *out, struct fault *fault);
