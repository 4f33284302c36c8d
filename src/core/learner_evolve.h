#pragma once

#include "core/event.h"
#include "core/learner_counts.h"

/* Applies one event of this learner. The caller made room. What room points to may become part of the
 * state: the caller then moves it to memory of its own. Log events leave only their instant here: entries
 * live in the event file. */
void learner_evolve(struct learner *learner, const struct event *event, const struct catalogue *catalogue,
                    struct record_room *room);
