#pragma once

#include "app/history.h"
#include "core/log_entries.h"

/* A learner's log entries as they were. Reads the event file, so not for a thread that must not wait. Any
 * thread. Source: contract 5. */

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
