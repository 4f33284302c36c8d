#include "core/learner.h"

#include <assert.h>
#include <string.h>

#define AHEAD_MS INT64_C(86400000)

/* ---- finding ---- */

enum { FEW = 32 }; /* entries that are looked through: 128 bytes of keys */

uint32_t finder_slots(uint32_t room)
{
    uint32_t slots = 2 * FEW;

    if (room <= FEW)
        return 0;
    while (slots / 4 * 3 < room)
        slots *= 2;
    return slots;
}

static uint32_t first_slot(const struct finder *finder, uint32_t key)
{
    uint32_t mixed = key * UINT32_C(0x9E3779B1);
    return (mixed ^ mixed >> 15) & finder->mask;
}

static void finder_add(struct finder *finder, uint32_t key, uint32_t index)
{
    if (finder->mask == 0)
        return;
    uint32_t at = first_slot(finder, key);
    while (finder->slots[at])
        at = (at + 1) & finder->mask;
    finder->slots[at] = index + 1;
}

void learner_index(struct learner *learner)
{
    for (uint32_t i = 0; i < learner->record_count; i++)
        finder_add(&learner->by_item, learner->items[i], i);
    for (uint32_t i = 0; i < learner->enrolment_count; i++)
        finder_add(&learner->by_course, learner->enrolments[i].course, i);
}

struct record *learner_record(const struct learner *learner, uint32_t item)
{
    const struct finder *finder = &learner->by_item;

    for (uint32_t i = 0; finder->mask == 0 && i < learner->record_count; i++)
        if (learner->items[i] == item)
            return &learner->records[i];
    if (finder->mask == 0)
        return NULL;
    for (uint32_t at = first_slot(finder, item); finder->slots[at]; at = (at + 1) & finder->mask)
        if (learner->items[finder->slots[at] - 1] == item)
            return &learner->records[finder->slots[at] - 1];
    return NULL;
}

struct enrolment *learner_enrolment(const struct learner *learner, uint32_t course)
{
    const struct finder *finder = &learner->by_course;

    for (uint32_t i = 0; finder->mask == 0 && i < learner->enrolment_count; i++)
        if (learner->enrolments[i].course == course)
            return &learner->enrolments[i];
    if (finder->mask == 0)
        return NULL;
    for (uint32_t at = first_slot(finder, course); finder->slots[at]; at = (at + 1) & finder->mask)
        if (learner->enrolments[finder->slots[at] - 1].course == course)
            return &learner->enrolments[finder->slots[at] - 1];
    return NULL;
}

/* ---- looking ---- */

bool learner_started(const struct learner *learner, uint32_t course, const struct catalogue *catalogue)
{
    for (uint32_t i = 0; i < learner->record_count; i++)
        if (learner->records[i].flags & RECORD_REPORTED &&
            catalogue->item(catalogue->of, learner->records[i].item).course == course)
            return true;
    return false;
}

bool learner_knows_event_id(const struct learner *learner, const uint64_t id[2])
{
    for (uint32_t i = 0; i < learner->event_id_count; i++)
        if (learner->event_ids[i][0] == id[0] && learner->event_ids[i][1] == id[1])
            return true;
    return false;
}

bool learner_knows_day(const struct learner *learner, int32_t day)
{
    uint32_t low = 0, high = learner->day_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (learner->days[middle] < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low < learner->day_count && learner->days[low] == day;
}

bool learner_has_room(const struct learner *learner, const struct event *event)
{
    bool id = event->event_id[0] || event->event_id[1];
    return learner->record_count < learner->record_room &&
           learner->enrolment_count < learner->enrolment_room && learner->day_count < learner->day_room &&
           (!id || learner->event_id_count == LEARNER_EVENT_IDS ||
            learner->event_id_count < learner->event_id_room);
}

int64_t learner_next_instant(const struct learner *learner, int64_t now_ms)
{
    if (learner->last_event_ms < now_ms || learner->last_event_ms > now_ms + AHEAD_MS)
        return now_ms;
    return learner->last_event_ms + 1;
}

static void add_day(struct learner *learner, int32_t day)
{
    uint32_t at = learner->day_count;

    while (at > 0 && learner->days[at - 1] > day)
        at--;
    if (at > 0 && learner->days[at - 1] == day)
        return;
    assert(learner->day_count < learner->day_room);
    memmove(learner->days + at + 1, learner->days + at, (learner->day_count - at) * sizeof *learner->days);
    learner->days[at] = day;
    learner->day_count++;
}

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
}

static void count_bytes(struct learner *learner, const struct record *record)
{
    learner->metadata_bytes += record->metadata_size;
    learner->segment_total += record->segment_count;
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

/* Counts again what of the course is completed. */
static void recount(const struct learner *learner, struct enrolment *enrolment,
                    const struct catalogue *catalogue)
{
    uint32_t required = 0, all = 0;

    for (uint32_t i = 0; i < learner->record_count; i++) {
        const struct record *record = &learner->records[i];
        if (record->status != ITEM_COMPLETED)
            continue;
        struct item_facts facts = catalogue->item(catalogue->of, record->item);
        if (facts.course == enrolment->course && !facts.untaught) {
            required += facts.required;
            all++;
        }
    }
    enrolment->completed_required = required;
    enrolment->completed_items = all;
}

/* Kept true by every event, of records that nobody reported too: looking again at a learner changes nothing, however
 * often it is done. enrolment: the learner's in the item's course. */
static void set_counted(struct record *record, const struct item_facts *facts, const struct enrolment *enrolment)
{
    bool counted = !facts->untaught && (!facts->course || enrolment);
    record->flags = (uint16_t)(counted ? record->flags | RECORD_COUNTED : record->flags & ~RECORD_COUNTED);
}

static struct enrolment *new_enrolment(struct learner *learner, uint32_t course, uint32_t id, int64_t at_ms,
                                       const struct catalogue *catalogue)
{
    assert(learner->enrolment_count < learner->enrolment_room);
    finder_add(&learner->by_course, course, learner->enrolment_count);
    struct enrolment *enrolment = &learner->enrolments[learner->enrolment_count++];

    *enrolment = (struct enrolment){
        .course = course, .id = id, .enrolled_at_ms = at_ms, .created_at_ms = at_ms, .updated_at_ms = at_ms,
        .completed_at_ms = INSTANT_NEVER, .last_completion_ms = INSTANT_NEVER, .last_activity_ms = INSTANT_NEVER,
        .said_at_ms = INSTANT_NEVER};
    recount(learner, enrolment, catalogue);
    for (uint32_t i = 0; i < learner->record_count; i++) { /* reported before the course was known, or as previews */
        struct record *record = &learner->records[i];
        struct item_facts facts = catalogue->item(catalogue->of, record->item);
        if (facts.course != course)
            continue;
        set_counted(record, &facts, enrolment);
        if (record->completed_at_ms > enrolment->last_completion_ms)
            enrolment->last_completion_ms = record->completed_at_ms;
    }
    return enrolment;
}

static void evolve_report(struct learner *learner, const struct event *event,
                          const struct catalogue *catalogue, struct record_room *room)
{
    struct item_facts facts = catalogue->item(catalogue->of, event->item);
    struct record *record = record_of(learner, event);
    bool was_completed = record->status == ITEM_COMPLETED;

    uncount_bytes(learner, record);
    record_apply(record, &event->report, &facts, event->at_ms, event->sequence, room);
    count_bytes(learner, record);
    if (event->report.has & (FROM_PLAYER | HAS_DAY))
        add_day(learner, event->report.local_day);
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
    set_counted(record, &facts, enrolment);
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
    enrolment->last_activity_ms = event->at_ms;
    enrolment->updated_at_ms = event->at_ms;
    enrolment->version = event->sequence;
}

static int64_t last_report_ms(const struct learner *learner, uint32_t course, const struct catalogue *catalogue)
{
    int64_t last = INSTANT_NEVER;

    for (uint32_t i = 0; i < learner->record_count; i++) {
        const struct record *record = &learner->records[i];
        if (record->flags & RECORD_REPORTED && record->updated_at_ms > last &&
            catalogue->item(catalogue->of, record->item).course == course)
            last = record->updated_at_ms;
    }
    return last;
}

/* Back from DROPPED or EXPIRED: what the progress says, from a new enrollmentDate on. */
static void enrol_again(struct learner *learner, struct enrolment *enrolment, const struct course_facts *facts,
                        const struct event *event, const struct catalogue *catalogue)
{
    enum enrolment_class next = CLASS_ENROLLED;
    struct fault unused;

    if (enrolment_decide(enrolment, facts, MOVE_ENROL, learner_started(learner, event->course, catalogue), &next,
                         &unused) == RC_OK)
        enrolment->class = (uint8_t)next;
    enrolment->enrolled_at_ms = event->at_ms;
    if (enrolment->last_activity_ms == INSTANT_NEVER) /* all of it came before the course had the item */
        enrolment->last_activity_ms = last_report_ms(learner, event->course, catalogue);
    if (next == CLASS_DONE_FOR_GOOD && enrolment->completed_at_ms == INSTANT_NEVER)
        enrolment->completed_at_ms = event->at_ms;
}

static struct enrolment *enrol_first(struct learner *learner, const struct event *event, const struct catalogue *catalogue)
{
    struct enrolment *enrolment = new_enrolment(learner, event->course, event->enrolment_id, event->at_ms, catalogue);

    if (learner_started(learner, event->course, catalogue)) { /* progress came first: adoption, or a preview */
        enrolment->class = CLASS_WORKING;
        enrolment->last_activity_ms = last_report_ms(learner, event->course, catalogue);
    }
    return enrolment;
}

static void certify(struct enrolment *enrolment, const struct course_facts *facts, const struct event *event)
{
    enrolment->completed_at_ms = enrolment_completion_ms(enrolment, facts);
    enrolment->class = CLASS_CERTIFIED;
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
        enrolment->class = CLASS_DROPPED;
    else if (event->kind == EV_EXPIRED)
        enrolment->class = CLASS_EXPIRED;
    else if (event->kind == EV_CERTIFIED)
        certify(enrolment, &facts, event);
    if (event->kind == EV_ENROLLED)
        (void)enrolment_settle(enrolment, &facts, event->at_ms); /* whether it completed shows in the class */
    enrolment->updated_at_ms = event->at_ms;
    enrolment->version = event->sequence;
}

static void evolve_reset(struct learner *learner, const struct event *event, const struct catalogue *catalogue)
{
    uint32_t course = event->item ? catalogue->item(catalogue->of, event->item).course : event->course;
    struct enrolment *enrolment = course ? learner_enrolment(learner, course) : NULL;
    bool progress_lost = false; /* deleting what is not there moves the floor, and nothing else */

    for (uint32_t i = 0; i < learner->record_count; i++) {
        struct record *record = &learner->records[i];
        bool hit = event->item ? record->item == event->item
                               : catalogue->item(catalogue->of, record->item).course == event->course;
        if (!hit)
            continue;
        progress_lost |= (record->flags & RECORD_REPORTED) != 0;
        uncount_bytes(learner, record);
        record_reset(record, event->at_ms, event->sequence);
        struct item_facts facts = catalogue->item(catalogue->of, record->item);
        set_counted(record, &facts, enrolment);
    }
    if (!enrolment || !progress_lost)
        return;
    struct course_facts facts = catalogue->course(catalogue->of, course);
    recount(learner, enrolment, catalogue);
    enrolment_recede(enrolment, &facts, learner_started(learner, course, catalogue));
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
    set_counted(record, &facts, facts.course ? learner_enrolment(learner, facts.course) : NULL);
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

bool learner_reconsider(struct learner *learner, const struct catalogue *catalogue, int64_t at_ms,
                        uint64_t sequence)
{
    const struct enrolment *last = NULL; /* items of one course tend to follow each other */
    bool changed = false;

    for (uint32_t i = 0; i < learner->record_count; i++) {
        struct item_facts facts = catalogue->item(catalogue->of, learner->records[i].item);
        changed |= record_reconsider(&learner->records[i], &facts, at_ms, sequence);
        if (facts.course && !(last && last->course == facts.course))
            last = learner_enrolment(learner, facts.course);
        uint16_t before = learner->records[i].flags;
        set_counted(&learner->records[i], &facts, last);
        changed |= learner->records[i].flags != before;
    }
    for (uint32_t i = 0; i < learner->enrolment_count; i++) {
        struct enrolment *enrolment = &learner->enrolments[i];
        struct course_facts facts = catalogue->course(catalogue->of, enrolment->course);
        uint32_t required = enrolment->completed_required, all = enrolment->completed_items;
        recount(learner, enrolment, catalogue);
        bool began = enrolment->class == CLASS_ENROLLED && learner_started(learner, enrolment->course, catalogue);
        if (began) { /* the catalogue brought progress into the course */
            enrolment->class = CLASS_WORKING;
            enrolment->last_activity_ms = last_report_ms(learner, enrolment->course, catalogue);
        }
        if (enrolment->completed_required > required && enrolment->last_completion_ms == INSTANT_NEVER)
            enrolment->last_completion_ms = at_ms;
        bool completed = enrolment_settle(enrolment, &facts, at_ms);
        if (completed || began || required != enrolment->completed_required || all != enrolment->completed_items) {
            enrolment->updated_at_ms = at_ms;
            enrolment->version = sequence;
            changed = true;
        }
    }
    if (changed)
        learner->version = sequence;
    return changed;
}
