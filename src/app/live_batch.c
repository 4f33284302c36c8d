#include "app/live_batch.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16 };

static char *put_id(char *at, const char *id, uint32_t size, uint8_t *out_size)
{
    memcpy(at, id, size);
    *out_size = (uint8_t)size; /* an id has 128 bytes at most */
    return at + size;
}

bool live_put_ids(struct live_event *event, struct view view, char *at)
{
    struct text learner = view_id(view, ENTITY_LEARNER, event->learner);
    struct text course = view_id(view, ENTITY_COURSE, event->course);
    struct text item = view_id(view, ENTITY_ITEM, event->item);

    event->user_size = event->course_size = event->item_size = 0;
    if (!learner.bytes || view_is_erased(view, event->learner))
        return false;
    at = put_id(at, learner.bytes, learner.size, &event->user_size);
    if (course.bytes)
        at = put_id(at, course.bytes, course.size, &event->course_size);
    if (item.bytes)
        (void)put_id(at, item.bytes, item.size, &event->item_size); /* the last */
    return true;
}

static bool has_room(struct live_batch *batch)
{
    if (batch->count == batch->room) {
        size_t room = batch->room ? 2 * batch->room : FIRST_ROOM;
        struct live_event *events = realloc(batch->events, room * sizeof *events);
        if (!events)
            return false;
        batch->events = events;
        batch->room = room;
    }
    if (batch->ids_room - batch->ids_size < LIVE_IDS_BYTES) {
        size_t room = 2 * batch->ids_room + FIRST_ROOM * LIVE_IDS_BYTES;
        char *ids = realloc(batch->ids, room);
        if (!ids)
            return false;
        batch->ids = ids;
        batch->ids_room = room;
    }
    return true;
}

bool live_batch_note(struct live_batch **inout_batch, const struct event *event, struct view view,
                     const struct catalogue *catalogue)
{
    struct live_batch *batch = *inout_batch ? *inout_batch : calloc(1, sizeof *batch);

    if (!batch)
        return false;
    *inout_batch = batch;
    if (live_type_of((enum event_kind)event->kind) == LIVE_NOTHING)
        return true;
    if (!has_room(batch))
        return false;
    struct live_event *live = &batch->events[batch->count];
    if (!live_tell(event, view_learner(view, event->learner), catalogue, live) ||
        !live_put_ids(live, view, batch->ids + batch->ids_size))
        return true;
    batch->ids_size += (size_t)live->user_size + live->course_size + live->item_size;
    batch->count++;
    return true;
}

void live_batch_seal(struct live_batch *batch)
{
    const char *at = batch->ids;

    for (size_t i = 0; i < batch->count; i++) {
        struct live_event *event = &batch->events[i];
        event->ids = at;
        at += (size_t)event->user_size + event->course_size + event->item_size;
    }
}

void live_note_begin(struct live_note *note, const struct live_sink *live)
{
    note->watched = live && live->is_watched(live->of);
}

void live_note_event(struct live_note *note, const struct event *event, struct view view,
                     const struct catalogue *catalogue)
{
    note->rights |=
        event->kind == EV_COURSE_DECLARED || event->kind == EV_COURSE_UNDECLARED || event->kind == EV_ERASED;
    if (note->watched && !live_batch_note(&note->batch, event, view, catalogue))
        note->unnoted = true;
}

/* The look at whether anybody watches comes after the publish: who came in between is told what nobody noted
 * (core/live.h). */
void live_note_end(struct live_note *note, const struct live_sink *live, uint64_t first, uint64_t last,
                   bool published)
{
    if (published && first <= last && live && live->is_watched(live->of)) {
        bool whole = note->batch && !note->unnoted;
        if (whole)
            live_batch_seal(note->batch);
        live->take(live->of, whole ? note->batch : NULL, first, last, note->rights);
        note->batch = whole ? NULL : note->batch;
    }
    if (live && note->batch)
        live->drop(note->batch);
    *note = (struct live_note){.batch = NULL};
}
