#include "model/fold_learner.h"

#include "core/learner_evolve.h"
#include "model/fold_catalog.h"
#include "model/model_private.h"

/* The private copy with room for what the event may add. */
static enum rc learner_with_room(struct fold *fold, const struct event *event, struct learner **out_learner)
{
    enum rc rc = fold_learner(fold, event->learner, out_learner);

    if (rc != RC_OK || learner_has_room(*out_learner, event))
        return rc;
    struct learner_slot *slot = learner_slot(fold->model, event->learner);
    struct learner_state *larger = state_copy(slot->working, event->learner, true);
    if (!larger)
        return RC_BUSY;
    state_unref(slot->working);
    slot->working = larger;
    *out_learner = &larger->learner;
    return RC_OK;
}

/* Gives a record memory of its own for what lies in the shared room. */
static bool keep_room(struct fold *fold, struct record *record)
{
    if (record->segments == fold->room.segments && record->segment_count) {
        struct blob *blob =
            blob_new(record->segments, record->segment_count * (uint32_t)sizeof *record->segments);
        record->segments = blob ? (const struct segment *)(const void *)blob->bytes : NULL;
        if (!blob)
            return false;
    }
    if (record->metadata == fold->room.metadata && record->metadata_size) {
        struct blob *blob = blob_new(record->metadata, record->metadata_size);
        record->metadata = blob ? blob->bytes : NULL;
        if (!blob)
            return false;
    }
    return true;
}

static enum rc apply_report(struct fold *fold, struct learner *learner, const struct event *event)
{
    const struct record *before = learner_record(learner, event->item);
    size_t segments = event->report.segment_count + (before ? before->segment_count : 0);
    size_t metadata = (size_t)event->report.metadata_size + (before ? before->metadata_size : 0);
    if (segments > ROOM_SEGMENTS || metadata > ROOM_METADATA)
        return RC_INTERNAL; /* no decision lets that pass: the event was made by hand */
    const struct segment *old_segments = before ? before->segments : NULL;
    const uint8_t *old_metadata = before ? before->metadata : NULL;

    learner_evolve(learner, event, &fold->catalogue, &fold->room);
    if (event->zone)
        learner->zone = zone_kept(event->zone, event->zone_size);
    struct record *record = learner_record(learner, event->item);
    bool new_segments = record->segments != old_segments, new_metadata = record->metadata != old_metadata;
    if (!keep_room(fold, record))
        return RC_BUSY;
    if (new_segments)
        blob_unref_bytes(old_segments);
    if (new_metadata)
        blob_unref_bytes(old_metadata);
    return RC_OK;
}

/* A reset drops what records held: their references go first, since the core only forgets pointers. */
static void apply_reset(struct fold *fold, struct learner *learner, const struct event *event)
{
    for (uint32_t i = 0; i < learner->record_count; i++) {
        struct record *record = &learner->records[i];
        bool hit = event->item ? record->item == event->item
                               : view_item_facts(fold->view, record->item).course == event->course;
        if (hit) {
            blob_unref_bytes(record->segments);
            blob_unref_bytes(record->metadata);
        }
    }
    learner_evolve(learner, event, &fold->catalogue, &fold->room);
}

static enum rc apply_certificate(struct fold *fold, struct learner *learner, const struct event *event)
{
    struct enrolment *enrolment = learner_enrolment(learner, event->course);
    const char *old = enrolment ? enrolment->certificate_url : NULL;

    learner_evolve(learner, event, &fold->catalogue, &fold->room);
    if (!enrolment)
        return RC_OK;
    if (event->body_size) {
        struct blob *blob = blob_new(event->body, event->body_size);
        enrolment->certificate_url = blob ? (const char *)blob->bytes : NULL;
        if (!blob)
            return RC_BUSY;
    }
    blob_unref_bytes(old);
    return RC_OK;
}

static enum rc evolve(struct fold *fold, struct learner *learner, const struct event *event)
{
    if (event->kind == EV_REPORTED)
        return apply_report(fold, learner, event);
    if (event->kind == EV_CERTIFIED)
        return apply_certificate(fold, learner, event);
    if (event->kind == EV_DELETED || event->kind == EV_RESET)
        apply_reset(fold, learner, event);
    else
        learner_evolve(learner, event, &fold->catalogue, &fold->room);
    return RC_OK;
}

/* Who enrols tells of the course, too. Only who folds again needs it: the events that had told of the course
 * before went with somebody who was erased. */
static enum rc know_course(struct fold *fold, const struct event *event)
{
    bool tells = event->kind == EV_ENROLLED || event->kind == EV_DROPPED || event->kind == EV_EXPIRED ||
                 event->kind == EV_CERTIFIED;
    return tells && !view_course(fold->view, event->course) ? fold_see_course(fold, event->course, event)
                                                            : RC_OK;
}

enum rc fold_learner_event(struct fold *fold, const struct event *event)
{
    struct learner *learner;
    enum rc rc = fold_room_for_fresh(fold) ? learner_with_room(fold, event, &learner) : RC_BUSY;

    if (rc == RC_OK)
        rc = know_course(fold, event);
    if (rc != RC_OK)
        return rc;
    uint32_t records = learner->record_count;
    rc = evolve(fold, learner, event);
    if (learner->record_count > records)
        fold_note_fresh(fold, learner);
    return rc;
}
