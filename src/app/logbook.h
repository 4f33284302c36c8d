#pragma once

#include "app/engine.h"

/* Log entries as reads see them: straight from the event file, on connections of their own. Not for a thread
 * that must not wait, unless it says so. Any thread. */

/* Whether a learner has log entries, by a look at what is resident: never waits. Any thread. */
bool logbook_any(struct engine *engine, uint32_t learner);

/* Waits until a learner's entries can be changed again. RC_BUSY: not for some seconds. */
MUST_CHECK enum rc logbook_wait(struct engine *engine, uint32_t learner, struct fault *fault);

/* A learner's entries, newest first (date, then log_id), visitors as in store/store.h. */
MUST_CHECK enum rc logbook_each(struct engine *engine, uint32_t learner, const struct log_filter *filter,
                                enum rc (*visit)(void *arg, const struct store_log *log, struct fault *fault),
                                void *arg, struct fault *fault);

/* The learner whose entry it is, or was before it was deleted. RC_NOT_FOUND. */
MUST_CHECK enum rc logbook_owner(struct engine *engine, uint64_t log_id, uint32_t *out_learner,
                                 struct fault *fault);
