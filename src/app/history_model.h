#pragma once

#include "app/history.h"

/* A learner's state at any bound. Reads the event file, so not for a thread that must not wait. Any thread.
 * Source: contract 5 and 7. */

/* A model that holds one learner as they were, and of the catalogue what counts for them: the courses of
 * their events and of their items, and those that took an item from one of these; free it with model_free.
 * Ids are read from the other model, which must outlive it. Memory: that of the learner and those courses. */
MUST_CHECK enum rc history_model(const struct history *history, uint32_t learner, const struct bound *bound,
                                 struct model **out_model, struct fault *fault);
