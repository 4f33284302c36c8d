#pragma once

#include "app/history.h"
#include "core/log_entries.h"
#include "store/store.h"

/* A learner's log entries, as they were and as they are. Reads the event file, so not for a thread that must
 * not wait. Any thread. Source: contract 5. */

/* A learner's log entries at a bound, by log_id. */
struct log_entries {
    struct log_state *at;
    size_t count;
    struct arena arena; /* their members */
};

/* Frees it; then it is empty. */
void log_entries_done(struct log_entries *entries);

/* Reads the learner's events from the last back, a page at a time; keeps the members of what is there in the
 * end, and a few bytes for each entry that ever was. */
MUST_CHECK enum rc history_logs(const struct history *history, uint32_t learner, const struct bound *bound,
                                struct log_entries *out, struct fault *fault);

/* The same of one learner's events whose sequences are known, ascending. */
MUST_CHECK enum rc history_fold_logs(struct store *store, const uint64_t *sequences, size_t count,
                                     const struct bound *bound, struct log_entries *out, struct fault *fault);

/* ---- as they are now ---- */

/* Whether a learner has entries: a look at what is resident. */
bool log_history_any(const struct history *history, uint32_t learner);

/* Waits until a learner's entries can be changed again. RC_BUSY: not for some seconds. */
MUST_CHECK enum rc log_history_wait(const struct history *history, uint32_t learner, struct fault *fault);

/* A learner's entries, newest first (date, then log_id), visitors as in store/store.h. Errors: RC_BUSY, and
 * what the store says. */
MUST_CHECK enum rc
log_history_each(const struct history *history, uint32_t learner, const struct log_filter *filter,
                 enum rc (*visit)(void *arg, const struct store_log *log, struct fault *fault), void *arg,
                 struct fault *fault);

/* The learner whose entry it is, or was before it was deleted. RC_NOT_FOUND. */
MUST_CHECK enum rc log_history_owner(const struct history *history, uint64_t log_id, uint32_t *out_learner,
                                     struct fault *fault);
