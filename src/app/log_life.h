#pragma once

#include "app/history.h"
#include "core/log_entries.h"

/* The life of one log entry. Reads the event file, so not for a thread that must not wait. Any thread.
 * Source: contract 5, history. */

/* What happened to one entry. */
enum log_change { LOG_CREATED, LOG_UPDATED, LOG_DELETED, LOG_ROLLED_BACK, LOG_REMOVED_BY_ROLLBACK };

/* Visits the changes of one entry of a learner's, oldest first; after: the entry
 * then, NULL when it was gone. What it points to is borrowed for the visit. Each event is read once, and once
 * more for an entry that a rollback brought back. */
MUST_CHECK enum rc history_of_log(const struct history *history, uint32_t learner, uint64_t log_id,
                                  enum rc (*visit)(void *arg, const struct log_event *event,
                                                   enum log_change change, const struct log_state *after,
                                                   struct fault *fault),
                                  void *arg, struct fault *fault);
