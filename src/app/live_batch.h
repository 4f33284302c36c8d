#pragma once

#include "core/live.h"
#include "model/model.h"

/* What a batch means for those who watch, noted while it is decided: each event with how things stand right
 * after it, which a later event of the same batch may change. Engine's thread. */

/* Notes the event, if it makes a message; *inout_batch is made when there is none. The view shows the state
 * after the event. False: out of memory, and the batch is not whole. */
bool live_batch_note(struct live_batch **inout_batch, const struct event *event, struct view view,
                     const struct catalogue *catalogue);

/* The batch is decided: every event gets its ids. */
void live_batch_seal(struct live_batch *batch);

enum { LIVE_IDS_BYTES = 3 * 128 };

/* The ids of the event's learner, course and item, one after the other, at `at`, which has room for
 * LIVE_IDS_BYTES; their sizes are the event's. False: the learner was erased. */
bool live_put_ids(struct live_event *event, struct view view, char *at);
