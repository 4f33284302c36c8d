#include "app/batch.h"

#include <stdlib.h>

#include "core/limits.h"
#include "model/names.h"

enum rc batch_emit(struct batch *batch, struct event *event, struct fault *fault)
{
    if (batch->event_count == batch->event_room) {
        size_t room = batch->event_room ? batch->event_room * 2 : 256;
        struct stored_event *events = realloc(batch->events, room * sizeof *events);
        if (!events)
            return fault_no_memory(fault);
        batch->events = events;
        batch->event_room = room;
    }
    uint8_t *body = arena_alloc(&batch->arena, event_bound(event));
    if (!body)
        return fault_no_memory(fault);
    event->sequence = batch->counters.sequence + 1;
    enum rc rc = fold_apply(batch->fold, event);
    if (rc != RC_OK)
        return fault_set(fault, rc, NULL, "out of memory");
    live_note_event(&batch->live, event, batch->fold->view, &batch->fold->catalogue);
    batch->counters.sequence++;
    batch->events[batch->event_count++] = (struct stored_event){
        event->sequence, event->learner, event->kind, event->at_ms, body, event_encode(event, body)};
    return RC_OK;
}

uint32_t batch_learner(struct batch *batch, struct text id)
{
    return model_intern(batch->fold->model, ENTITY_LEARNER, id.bytes, id.size);
}

uint32_t batch_course(struct batch *batch, struct text id)
{
    return model_intern(batch->fold->model, ENTITY_COURSE, id.bytes, id.size);
}

uint32_t batch_item(struct batch *batch, struct text id)
{
    return model_intern(batch->fold->model, ENTITY_ITEM, id.bytes, id.size);
}

struct event batch_event(const struct command *command, enum event_kind kind)
{
    return (struct event){
        .kind = (uint8_t)kind,
        .face = (uint8_t)command->face,
        .learner = event_is_catalogue(kind) ? 0 : command->learner_key,
        .at_ms = command->at_ms,
        .actor = command->actor.bytes,
        .actor_size = command->actor.size,
    };
}

int64_t batch_instant(const struct batch *batch, const struct command *command, uint32_t learner_key)
{
    const struct learner *learner = view_learner(batch->fold->view, learner_key);

    if (command->imported)
        return command->at_ms;
    return learner ? learner_next_instant(learner, batch->now_ms) : batch->now_ms;
}

enum rc batch_teach_held(struct batch *batch, const struct command *command, uint32_t learner_key,
                         uint32_t course, struct fault *fault)
{
    struct view view = batch->fold->view;
    const struct learner *learner = view_learner(view, learner_key);
    enum rc rc = RC_OK;

    for (uint32_t i = 0; rc == RC_OK && learner && learner->previews && i < learner->record_count; i++) {
        const struct item_def *item = view_item(view, learner->items[i]);
        if (!item || view_bound(view, item) != course || !(learner->records[i].flags & RECORD_REPORTED))
            continue;
        struct event event = batch_event(command, EV_ITEM_OBSERVED);
        event.item = learner->items[i];
        event.course = course;
        rc = batch_emit(batch, &event, fault);
        learner = view_learner(view, learner_key); /* it may be a copy by now */
    }
    return rc;
}

struct adopting {
    struct batch *batch;
    const struct command *command;
    uint32_t item, course;
    struct fault *fault;
};

enum rc batch_adopt_one(struct batch *batch, const struct command *command, uint32_t key, uint32_t item,
                        uint32_t course, struct fault *fault)
{
    const struct learner *learner = view_learner(batch->fold->view, key);
    const struct record *record = learner ? learner_record(learner, item) : NULL;

    if (!record || !(record->flags & RECORD_REAL) || learner_enrolment(learner, course) ||
        learner->enrolment_count >= LIMIT_ENROLMENTS)
        return RC_OK;
    int64_t at_ms = command->imported ? command->at_ms : learner_next_instant(learner, command->at_ms);
    enum rc rc = batch_teach_held(batch, command, key, course, fault);
    if (rc != RC_OK)
        return rc;
    struct event event = batch_event(command, EV_ENROLLED);
    event.learner = key;
    event.course = course;
    event.at_ms = at_ms;
    event.enrolment_id = ++batch->counters.enrolment_id;
    return batch_emit(batch, &event, fault);
}

static enum rc adopt(void *arg, uint32_t key)
{
    const struct adopting *of = arg;
    return batch_adopt_one(of->batch, of->command, key, of->item, of->course, of->fault);
}

enum rc batch_adopt(struct batch *batch, struct command *command, uint32_t item, uint32_t course,
                    struct fault *fault)
{
    struct adopting of = {batch, command, item, course, fault};

    if (batch->policy->explicit_enrolment)
        return RC_OK;
    if (adopting_must_wait(batch, command, item))
        return adopting_add(batch, command, item, course, fault);
    return fold_each_holder(batch->fold, item, adopt, &of);
}
