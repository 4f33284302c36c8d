#include "app/decide/decide_lock.h"

#include "app/batch.h"
#include "app/decide/place.h"

enum rc decide_lock(struct batch *batch, struct command *command)
{
    struct place place;
    enum rc rc = place_find(batch, command, command->item, command->course, &place, &command->fault);

    if (rc != RC_OK)
        return rc;
    place_settle(batch, &place, command->course.bytes, true); /* no activity */
    const struct learner *learner = view_learner(batch->fold->view, command->learner_key);
    const struct record *record = learner && place.item ? learner_record(learner, place.item) : NULL;
    rc = etag_check(command->if_match, record, &command->fault);
    if (rc != RC_OK)
        return rc;
    bool locked = record && record->flags & RECORD_LOCKED;
    command->item_key = place.item;
    if (record && locked == (command->kind == CMD_LOCK))
        return RC_OK;
    if (command->learner_key == 0)
        command->learner_key = batch_learner(batch, command->learner);
    if (command->learner_key == 0)
        return fault_no_memory(&command->fault);
    if (place.observe || place.attach) {
        struct item_report first_sight = {.item = command->item, .course = command->course};
        rc = place_observe(batch, command, &first_sight, &place, &command->fault);
        if (rc != RC_OK)
            return rc;
    }
    command->item_key = place.item;
    struct event event = batch_event(command, command->kind == CMD_LOCK ? EV_LOCKED : EV_UNLOCKED);
    event.item = place.item;
    event.course = place.course;
    if (!record)
        event.record_id = ++batch->counters.record_id;
    rc = batch_emit(batch, &event, &command->fault);
    command->sequence = event.sequence;
    return rc;
}

enum rc decide_delete(struct batch *batch, struct command *command)
{
    const struct learner *learner = view_learner(batch->fold->view, command->learner_key);
    uint32_t item = view_item_key(batch->fold->view, command->item.bytes, command->item.size);
    const struct record *record = learner && item ? learner_record(learner, item) : NULL;

    if (record && record->flags & RECORD_LOCKED && !command->may_pass_lock)
        return fault_set(&command->fault, RC_CONFLICT, NULL, "this content is locked");
    enum rc rc = etag_check(command->if_match, record, &command->fault);
    if (rc != RC_OK || !record)
        return rc;
    struct event event = batch_event(command, EV_DELETED);
    event.item = item;
    event.course = view_item_facts(batch->fold->view, item).course;
    command->count = record->flags & RECORD_PRESENT ? 1 : 0;
    rc = batch_emit(batch, &event, &command->fault);
    command->sequence = event.sequence;
    return rc;
}

/* How many records of the course a reset would take back. */
static uint32_t count_hits(struct view view, const struct learner *learner, uint32_t course, uint32_t item)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < learner->record_count; i++) {
        const struct record *record = &learner->records[i];
        bool hit = item ? record->item == item : view_item_facts(view, record->item).course == course;
        count += hit && record->flags & RECORD_REPORTED;
    }
    return count;
}

enum rc decide_reset(struct batch *batch, struct command *command)
{
    struct view view = batch->fold->view;
    uint32_t course = view_course_key(view, command->course.bytes, command->course.size), item = 0;
    const struct learner *learner = view_learner(view, command->learner_key);

    if (!view_course(view, course))
        return fault_set(&command->fault, RC_NOT_FOUND, NULL, "Course not found");
    if (!learner)
        return fault_set(&command->fault, RC_NOT_FOUND, NULL, "User or course not found");
    if (command->item.bytes) {
        item = view_item_key(view, command->item.bytes, command->item.size);
        if (!view_item(view, item))
            return fault_set(&command->fault, RC_NOT_FOUND, NULL, "Content not found in this course");
        uint32_t own = view_item_facts(view, item).course;
        if (own != course)
            return fault_set(&command->fault, RC_INVALID, command_part_name(command, PART_ITEM),
                             place_foreign_text(command, command->item, command->course,
                                                own ? view_id(view, ENTITY_COURSE, own).bytes : NULL));
        enum rc rc = etag_check(command->if_match, learner_record(learner, item), &command->fault);
        if (rc != RC_OK)
            return rc;
    }
    command->course_key = course;
    command->item_key = item;
    command->count = count_hits(view, learner, course, item);
    if (command->count == 0)
        return RC_OK;
    struct event event = batch_event(command, EV_RESET);
    event.course = course;
    event.item = item;
    enum rc rc = batch_emit(batch, &event, &command->fault);
    command->sequence = event.sequence;
    return rc;
}
