#pragma once

#include "app/history.h"

/* A learner's state at any bound. Reads the event file, so not for a thread that must not wait. Any thread.
 * Source: contract 5 and 7. */

/* A model that holds one learner as they were, and of the catalogue what counts for them: the courses of
 * their events and of their items, and those that took an item from one of these; free it with model_free.
 * Ids are read from the other model, which must outlive it. Memory: that of the learner and those courses. */
MUST_CHECK enum rc history_model(const struct history *history, uint32_t learner, const struct bound *bound,
                                 struct model **out_model, struct fault *fault);

struct history_walk;

/* The same, event by event, up to a sequence: how a learner stood after each of their events. RC_TOO_LARGE:
 * it takes reading more of their events, or of the catalogue's, than the two limits say (0: none). */
MUST_CHECK enum rc history_walk_open(const struct history *history, uint32_t learner, uint64_t upto,
                                     uint64_t own_max, uint64_t catalogue_max, struct history_walk **out_walk,
                                     struct fault *fault);
/* Gives back what it holds. NULL is fine. */
void history_walk_close(struct history_walk *walk);

/* Folds at most count events more, and visits those of the learner after they were applied; *out_over: that
 * was the last. The view is of that moment, and of this visit. */
MUST_CHECK enum rc history_walk_on(struct history_walk *walk, size_t count,
                                   void (*visit)(void *arg, const struct event *event, struct view view,
                                                 const struct catalogue *catalogue),
                                   void *arg, bool *out_over, struct fault *fault);
