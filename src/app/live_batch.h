#pragma once

#include "core/live.h"
#include "model/model.h"

/* What a batch, which this node decides or another wrote, means for those who watch, noted while its events
 * are applied: each with how things stand right after it, which a later event of the same batch may change.
 * Engine's thread. */

/* Notes the event, if it makes a message; *inout_batch is made when there is none. The view shows the state
 * after the event. False: out of memory, and the batch is not whole. */
bool live_batch_note(struct live_batch **inout_batch, const struct event *event, struct view view,
                     const struct catalogue *catalogue);

/* The batch is decided: every event gets its ids. */
void live_batch_seal(struct live_batch *batch);

/* What a batch means, from before its first event until it is published or given up. All zero: empty. */
struct live_note {
    struct live_batch *batch; /* NULL: nothing is noted */
    bool watched;             /* every event is noted, */
    bool unnoted;             /* but for something that there was no memory for */
    bool rights;              /* who may see what changes with it */
};

/* Of an empty one: whether anybody watches, so that every event from here on is noted. live: NULL is fine,
 * nobody does. */
void live_note_begin(struct live_note *note, const struct live_sink *live);

/* The event was applied; the view shows the state after it. */
void live_note_event(struct live_note *note, const struct event *event, struct view view,
                     const struct catalogue *catalogue);

/* The batch, whose events are first to last (last < first: it has none), was published, or never will be: who
 * watches by now is told, and the note is empty again. */
void live_note_end(struct live_note *note, const struct live_sink *live, uint64_t first, uint64_t last,
                   bool published);

enum { LIVE_IDS_BYTES = 3 * 128 };

/* The ids of the event's learner, course and item, one after the other, at `at`, which has room for
 * LIVE_IDS_BYTES; their sizes are the event's. False: the learner was erased. */
bool live_put_ids(struct live_event *event, struct view view, char *at);
