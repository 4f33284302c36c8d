#include "core/learner_evolve.h"

#include <assert.h>
#include <string.h>

#include "core/days.h"
#include "core/learner_counts.h"

static void add_event_id(struct learner *learner, const uint64_t id[2])
{
    uint32_t at = learner->event_id_count;

    if (at == LEARNER_EVENT_IDS) {
        at = learner->event_id_next;
        learner->event_id_next = (at + 1) % LEARNER_EVENT_IDS;
    } else {
        assert(at < learner->event_id_room);
        learner->event_id_count++;
    }
    learner->event_ids[at][0] = id[0];
    learner->event_ids[at][1] = id[1];
}

/* The learner's running totals, around a change of one record. */
static void uncount_bytes(struct learner *learner, const struct record *record)
{
    learner->metadata_bytes -= record->metadata_size;
    learner->segment_total -= record->segment_count;
    learner->previews -= record_is_preview(record);
}

static void count_bytes(struct learner *learner, const struct record *record)
{
    learner->metadata_bytes += record->metadata_size;
    learner->segment_total += record->segment_count;
    learner->previews += record_is_preview(record);
}

static struct record *record_of(struct learner *learner, const struct event *event)
{
    struct record *record = learner_record(learner, event->item);

    if (!record) {
        assert(learner->record_count < learner->record_room);
        learner->items[learner->record_count] = event->item;
        finder_add(&learner->by_item, event->item, learner->record_count);
        record = &learner->records[learner->record_count++];
        *record = (struct record){RECORD_BLANK, .item = event->item, .id = event->record_id};
    }
    return record;
}

static struct enrolment *new_enrolment(struct learner *learner, uint32_t course, uint32_t id, int64_t at_ms,
                                       const struct catalogue *catalogue)
{
    assert(learner->enrolment_count < learner->enrolment_room);
    finder_add(&learner->by_course, course, learner->enrolment_count);
    struct enrolment *enrolment = &learner->enrolments[learner->enrolment_count++];

    *enrolment = (struct enrolment){.course = course,
                                    .id = id,
                                    .enrolled_at_ms = at_ms,
                                    .created_at_ms = at_ms,
                                    .updated_at_ms = at_ms,
                                    .completed_at_ms = INSTANT_NEVER,
                                    .last_completion_ms = INSTANT_NEVER,
                                    .last_activity_ms = INSTANT_NEVER,
                                    .said_at_ms = INSTANT_NEVER};
    learner_count_before(learner, enrolment, catalogue);
    return enrolment;
}

static void evolve_report(struct learner *learner, const struct event *event,
                          const struct catalogue *catalogue, struct record_room *room)
{
    struct item_facts facts = catalogue->item(catalogue->of, event->item);
    struct record *record = record_of(learner, event);
    bool was_completed = record->status == ITEM_COMPLETED;
    struct record before = *record;

    uncount_bytes(learner, record);
    record_apply(record, &event->report, &facts, event->at_ms, event->sequence, room);
    count_bytes(learner, record);
    if (event->report.has & (FROM_PLAYER | HAS_DAY))
        days_note(learner, event->report.local_day, days_gained_ms(&before, record, &event->report));
    if (event->zone)
        learner->zone = event->zone_size ? event->zone : NULL;
    if (event->event_id[0] || event->event_id[1])
        add_event_id(learner, event->event_id);
    struct enrolment *enrolment = facts.course ? learner_enrolment(learner, facts.course) : NULL;
    if (facts.course && !enrolment && event->enrolment_id) {
        bool completed_now = !was_completed && record->status == ITEM_COMPLETED;
        if (completed_now) /* counted below, as for any other enrolment */
            record->status = ITEM_IN_PROGRESS;
        enrolment = new_enrolment(learner, facts.course, event->enrolment_id, event->at_ms, catalogue);
        if (completed_now)
            record->status = ITEM_COMPLETED;
    }
    learner_set_counted(record, &facts, enrolment);
    if (!enrolment)
        return;
    if (!was_completed && record->status == ITEM_COMPLETED && !facts.untaught) {
        enrolment->completed_items++;
        if (facts.required) {
            enrolment->completed_required++;
            enrolment->last_completion_ms = event->at_ms;
        }
    }
    if (enrolment->class == CLASS_ENROLLED)
        enrolment->class = CLASS_WORKING; /* first activity; rule 7 */
    struct course_facts course = catalogue->course(catalogue->of, facts.course);
    (void)enrolment_settle(enrolment, &course, event->at_ms); /* whether it completed shows in the class */
    course_days_note(learner, enrolment, instant_day(event->at_ms));
    enrolment->last_activity_ms = event->at_ms;
    enrolment->updated_at_ms = event->at_ms;
    enrolment->version = event->sequence;
}

/* Back from DROPPED or EXPIRED: what the progress says, from a new enrollmentDate on. */
static void enrol_again(struct learner *learner, struct enrolment *enrolment,
                        const struct course_facts *facts, const struct event *event,
                        const struct catalogue *catalogue)
{
    enum enrolment_class next = CLASS_ENROLLED;
    struct fault unused;

    if (enrolment_decide(enrolment, facts, MOVE_ENROL, learner_started(learner, event->course, catalogue),
                         &next, &unused) == RC_OK)
        enrolment->class = (uint8_t)next;
    enrolment->enrolled_at_ms = event->at_ms;
    if (enrolment->last_activity_ms == INSTANT_NEVER) /* all of it came before the course had the item */
        enrolment->last_activity_ms = learner_last_report_ms(learner, event->course, catalogue);
    if (next == CLASS_WORKING || next == CLASS_ENROLLED)
        enrolment->completed_at_ms = INSTANT_NEVER;
    else if (next == CLASS_DONE_FOR_GOOD && enrolment->completed_at_ms == INSTANT_NEVER)
        enrolment->completed_at_ms = event->at_ms;
}

/* Keeps its completionDate. */
static void leave(struct enrolment *enrolment, const struct course_facts *facts, const struct event *event,
                  enum enrolment_class class)
{
    enrolment->completed_at_ms =
        event->has_completed ? event->completed_ms : enrolment_completion_ms(enrolment, facts);
    enrolment->class = (uint8_t) class;
}

static struct enrolment *enrol_first(struct learner *learner, const struct event *event,
                                     const struct catalogue *catalogue)
{
    struct enrolment *enrolment =
        new_enrolment(learner, event->course, event->enrolment_id, event->at_ms, catalogue);

    /* progress came first: adoption, or a preview */
    if (learner_started(learner, event->course, catalogue)) {
        enrolment->class = CLASS_WORKING;
        enrolment->last_activity_ms = learner_last_report_ms(learner, event->course, catalogue);
    }
    return enrolment;
}

static void certify(struct enrolment *enrolment, const struct course_facts *facts, const struct event *event)
{
    leave(enrolment, facts, event, CLASS_CERTIFIED);
    enrolment->certificate_url = (const char *)event->body;
    enrolment->certificate_size = event->body_size;
}

static void evolve_enrolment(struct learner *learner, const struct event *event,
                             const struct catalogue *catalogue)
{
    struct enrolment *enrolment = learner_enrolment(learner, event->course);
    struct course_facts facts = catalogue->course(catalogue->of, event->course);
    bool first = !enrolment;

    if (first && !event->enrolment_id)
        return;
    if (first)
        enrolment = enrol_first(learner, event, catalogue);
    if (event->has_occurred)
        enrolment->said_at_ms = event->occurred_ms;
    if (event->kind == EV_WEBHOOK_NOTED)
        return; /* nothing that anybody is shown has changed */
    if (event->kind == EV_ENROLLED && !first)
        enrol_again(learner, enrolment, &facts, event, catalogue);
    else if (event->kind == EV_DROPPED)
        leave(enrolment, &facts, event, CLASS_DROPPED);
    else if (event->kind == EV_EXPIRED)
        leave(enrolment, &facts, event, CLASS_EXPIRED);
    else if (event->kind == EV_CERTIFIED)
        certify(enrolment, &facts, event);
    if (event->kind == EV_ENROLLED)
        (void)enrolment_settle(enrolment, &facts, event->at_ms); /* whether it completed shows in the class */
    enrolment->updated_at_ms = event->at_ms;
    enrolment->version = event->sequence;
}

/* Returns whether progress was lost: deleting what is not there moves the floor, and nothing else. */
static bool reset_record(struct learner *learner, struct record *record, const struct item_facts *facts,
                         struct enrolment *enrolment, const struct event *event)
{
    bool reported = record->flags & RECORD_REPORTED;

    if (enrolment && record->status == ITEM_COMPLETED && !facts->untaught) {
        enrolment->completed_items--;
        enrolment->completed_required -= facts->required;
    }
    uncount_bytes(learner, record);
    record_reset(record, event->at_ms, event->sequence);
    learner_set_counted(record, facts, enrolment);
    return reported;
}

static void evolve_reset(struct learner *learner, const struct event *event,
                         const struct catalogue *catalogue)
{
    struct item_facts facts = {0};
    bool progress_lost = false;

    if (event->item)
        facts = catalogue->item(catalogue->of, event->item);
    uint32_t course = event->item ? facts.course : event->course;
    struct enrolment *enrolment = course ? learner_enrolment(learner, course) : NULL;
    struct record *record = event->item ? learner_record(learner, event->item) : NULL;
    if (record)
        progress_lost = reset_record(learner, record, &facts, enrolment, event);
    if (!event->item) {
        for (uint32_t i = 0; i < learner->record_count; i++) { /* those that the course does not count too */
            facts = catalogue->item(catalogue->of, learner->items[i]);
            if (facts.course == course)
                progress_lost |= reset_record(learner, &learner->records[i], &facts, enrolment, event);
        }
    }
    if (!enrolment || !progress_lost)
        return;
    struct course_facts counts = catalogue->course(catalogue->of, course);
    enrolment_recede(enrolment, &counts, learner_started(learner, course, catalogue));
    enrolment->updated_at_ms = event->at_ms;
    enrolment->version = event->sequence;
}

static void evolve_lock(struct learner *learner, const struct event *event, const struct catalogue *catalogue)
{
    struct record *record = record_of(learner, event);
    struct item_facts facts = catalogue->item(catalogue->of, event->item);

    if (event->kind == EV_LOCKED)
        record->flags |= RECORD_LOCKED | RECORD_PRESENT;
    else
        record->flags &= (uint16_t)~RECORD_LOCKED;
    record->flags |= RECORD_PRESENT;
    learner_set_counted(record, &facts, facts.course ? learner_enrolment(learner, facts.course) : NULL);
    if (record->created_at_ms == INSTANT_NEVER)
        record->created_at_ms = event->at_ms;
    record->updated_at_ms = event->at_ms;
    record->version = event->sequence;
}

void learner_evolve(struct learner *learner, const struct event *event, const struct catalogue *catalogue,
                    struct record_room *room)
{
    switch ((enum event_kind)event->kind) {
    case EV_REPORTED:
        evolve_report(learner, event, catalogue, room);
        break;
    case EV_ENROLLED:
    case EV_DROPPED:
    case EV_EXPIRED:
    case EV_CERTIFIED:
    case EV_WEBHOOK_NOTED:
        evolve_enrolment(learner, event, catalogue);
        break;
    case EV_LOCKED:
    case EV_UNLOCKED:
        evolve_lock(learner, event, catalogue);
        break;
    case EV_DELETED:
    case EV_RESET:
        evolve_reset(learner, event, catalogue);
        break;
    case EV_LOGGED:
    case EV_LOG_UPDATED:
    case EV_LOG_DELETED:
    case EV_LOGS_CLEARED:
    case EV_LOGS_ROLLED_BACK: /* entries live in the event file */
    case EV_ERASED:
    case EV_COURSE_DECLARED:
    case EV_COURSE_UNDECLARED:
    case EV_ITEM_OBSERVED:
    case EV_COURSE_OBSERVED:
    case EV_THRESHOLD_SET:
        break;
    }
    learner->last_event_ms = event->at_ms > learner->last_event_ms ? event->at_ms : learner->last_event_ms;
    learner->version = event->sequence;
}
