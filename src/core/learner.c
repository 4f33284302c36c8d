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

/* A learner's records that their course counts, one after the other: through the course's items or the
 * learner's, whichever are fewer. */
struct walk {
    const struct learner *learner;
    const struct catalogue *catalogue;
    uint32_t course;
    const uint32_t *items;
    uint32_t count, at;
};

static struct walk walk_begin(const struct learner *learner, const struct catalogue *catalogue,
                              uint32_t course)
{
    struct walk walk = {learner, catalogue, course, learner->items, learner->record_count, 0};
    uint32_t count = 0;
    const uint32_t *items = catalogue->items ? catalogue->items(catalogue->of, course, &count) : NULL;

    if (catalogue->items && count < walk.count) {
        walk.items = items;
        walk.count = count;
    }
    return walk;
}

/* NULL: no more. */
static struct record *walk_next(struct walk *walk, struct item_facts *out_facts)
{
    while (walk->at < walk->count) {
        uint32_t at = walk->at++;
        struct record *record = walk->items == walk->learner->items
                                    ? &walk->learner->records[at]
                                    : learner_record(walk->learner, walk->items[at]);
        if (!record)
            continue;
        *out_facts = walk->catalogue->item(walk->catalogue->of, record->item);
        if (out_facts->course == walk->course && !out_facts->untaught)
            return record;
    }
    return NULL;
}

bool learner_started(const struct learner *learner, uint32_t course, const struct catalogue *catalogue)
{
    struct walk walk = walk_begin(learner, catalogue, course);
    struct item_facts facts;

    for (const struct record *record; (record = walk_next(&walk, &facts));)
        if (record->flags & RECORD_REPORTED)
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

/* Counts again what of the course is completed. */
static void recount(const struct learner *learner, struct enrolment *enrolment,
                    const struct catalogue *catalogue)
{
    struct walk walk = walk_begin(learner, catalogue, enrolment->course);
    struct item_facts facts;
    uint32_t required = 0, all = 0;

    for (const struct record *record; (record = walk_next(&walk, &facts));)
        if (record->status == ITEM_COMPLETED && !facts.untaught) {
            required += facts.required;
            all++;
        }
    enrolment->completed_required = required;
    enrolment->completed_items = all;
}

/* Kept true by every event, of records that nobody reported too: looking again at a learner changes nothing,
 * however often it is done. enrolment: the learner's in the item's course. */
static void set_counted(struct record *record, const struct item_facts *facts,
                        const struct enrolment *enrolment)
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

    *enrolment = (struct enrolment){.course = course,
                                    .id = id,
                                    .enrolled_at_ms = at_ms,
                                    .created_at_ms = at_ms,
                                    .updated_at_ms = at_ms,
                                    .completed_at_ms = INSTANT_NEVER,
                                    .last_completion_ms = INSTANT_NEVER,
                                    .last_activity_ms = INSTANT_NEVER,
                                    .said_at_ms = INSTANT_NEVER};
    recount(learner, enrolment, catalogue);
    struct walk walk = walk_begin(learner, catalogue, course);
    struct item_facts facts;
    /* before the course was known, or as previews */
    for (struct record *record; (record = walk_next(&walk, &facts));) {
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

static int64_t last_report_ms(const struct learner *learner, uint32_t course,
                              const struct catalogue *catalogue)
{
    struct walk walk = walk_begin(learner, catalogue, course);
    struct item_facts facts;
    int64_t last = INSTANT_NEVER;

    for (const struct record *record; (record = walk_next(&walk, &facts));)
        if (record->flags & RECORD_REPORTED && record->updated_at_ms > last)
            last = record->updated_at_ms;
    return last;
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
        enrolment->last_activity_ms = last_report_ms(learner, event->course, catalogue);
    if (next == CLASS_WORKING || next == CLASS_ENROLLED)
        enrolment->completed_at_ms = INSTANT_NEVER;
    else if (next == CLASS_DONE_FOR_GOOD && enrolment->completed_at_ms == INSTANT_NEVER)
        enrolment->completed_at_ms = event->at_ms;
}

/* Keeps its completionDate. */
static void leave(struct enrolment *enrolment, const struct course_facts *facts, enum enrolment_class class)
{
    enrolment->completed_at_ms = enrolment_completion_ms(enrolment, facts);
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
        leave(enrolment, &facts, CLASS_DROPPED);
    else if (event->kind == EV_EXPIRED)
        leave(enrolment, &facts, CLASS_EXPIRED);
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
    set_counted(record, facts, enrolment);
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

/* ---- after an edit of the catalogue ---- */

struct look {
    const struct catalogue *catalogue;
    int64_t at_ms;
    uint64_t sequence;
    bool writes; /* else nothing changes: only whether it would is asked */
};

static bool look_at_record(const struct learner *learner, struct record *record, const struct look *look)
{
    struct item_facts facts = look->catalogue->item(look->catalogue->of, record->item);
    struct record next = *record;
    bool changed = record_reconsider(&next, &facts, look->at_ms, look->sequence);

    set_counted(&next, &facts, facts.course ? learner_enrolment(learner, facts.course) : NULL);
    changed |= next.flags != record->flags;
    if (changed && look->writes)
        *record = next;
    return changed;
}

/* next: the enrolment with its new counts. started_ms: the last report in its course; INSTANT_NEVER: none. */
static bool settle_again(struct enrolment *enrolment, struct enrolment *next, int64_t started_ms,
                         const struct look *look)
{
    struct course_facts facts = look->catalogue->course(look->catalogue->of, next->course);

    /* the catalogue brought progress into the course */
    if (next->class == CLASS_ENROLLED && started_ms != INSTANT_NEVER) {
        next->class = CLASS_WORKING;
        next->last_activity_ms = started_ms;
    }
    if (next->completed_required > enrolment->completed_required && next->last_completion_ms == INSTANT_NEVER)
        next->last_completion_ms = look->at_ms;
    (void)enrolment_settle(next, &facts, look->at_ms); /* whether it completed shows in the class */
    if (next->class == enrolment->class && next->completed_required == enrolment->completed_required &&
        next->completed_items == enrolment->completed_items)
        return false;
    next->updated_at_ms = look->at_ms;
    next->version = look->sequence;
    if (look->writes)
        *enrolment = *next;
    return true;
}

static bool look_at_enrolment(const struct learner *learner, struct enrolment *enrolment,
                              const struct look *look)
{
    struct enrolment next = *enrolment;

    recount(learner, &next, look->catalogue);
    int64_t started_ms = enrolment->class == CLASS_ENROLLED
                             ? last_report_ms(learner, enrolment->course, look->catalogue)
                             : INSTANT_NEVER;
    return settle_again(enrolment, &next, started_ms, look);
}

/* learner: changed only when look writes. */
static bool look_at_all(const struct learner *learner, const struct edit *edit, const struct look *look)
{
    bool changed = false, few = learner->record_count <= edit->item_count;

    for (uint32_t i = 0; few && i < learner->record_count && (look->writes || !changed); i++)
        if (edit->touches(edit->of, learner->items[i]))
            changed |= look_at_record(learner, &learner->records[i], look);
    for (uint32_t i = 0; !few && i < edit->item_count && (look->writes || !changed); i++) {
        struct record *record = learner_record(learner, edit->items[i]);
        changed |= record && look_at_record(learner, record, look);
    }
    for (uint32_t i = 0; i < edit->course_count && (look->writes || !changed); i++) {
        struct enrolment *enrolment = learner_enrolment(learner, edit->courses[i]);
        changed |= enrolment && look_at_enrolment(learner, enrolment, look);
    }
    return changed;
}

bool learner_is_moved(const struct learner *learner, const struct catalogue *catalogue,
                      const struct edit *edit, int64_t at_ms, uint64_t sequence)
{
    struct look look = {catalogue, at_ms, sequence, false};
    return look_at_all(learner, edit, &look);
}

bool learner_reconsider(struct learner *learner, const struct catalogue *catalogue, const struct edit *edit,
                        int64_t at_ms, uint64_t sequence)
{
    struct look look = {catalogue, at_ms, sequence, true};

    if (!look_at_all(learner, edit, &look))
        return false;
    if (learner->version < sequence) /* an edit worked out in slices may come after later events */
        learner->version = sequence;
    return true;
}

/* learner: changed only when look writes. */
static bool look_at_item(const struct learner *learner, uint32_t item, const struct item_facts *before,
                         const struct look *look)
{
    const struct catalogue *catalogue = look->catalogue;
    struct record *record = learner_record(learner, item);

    if (!record)
        return false;
    bool counted = record->status == ITEM_COMPLETED && !before->untaught;
    bool changed = look_at_record(learner, record, look);
    struct item_facts facts = catalogue->item(catalogue->of, item);
    bool counts = record->status == ITEM_COMPLETED && !facts.untaught;
    uint32_t courses[] = {before->course, facts.course == before->course ? 0 : facts.course};
    for (int i = 0; i < 2; i++) {
        struct enrolment *enrolment = courses[i] ? learner_enrolment(learner, courses[i]) : NULL;
        if (!enrolment)
            continue;
        struct enrolment next = *enrolment;
        bool left = counted && courses[i] == before->course, came = counts && courses[i] == facts.course;
        next.completed_items += (uint32_t)came - left;
        next.completed_required += (uint32_t)(came && facts.required) - (left && before->required);
        bool started = record->flags & RECORD_REPORTED && courses[i] == facts.course;
        changed |= settle_again(enrolment, &next, started ? record->updated_at_ms : INSTANT_NEVER, look);
    }
    return changed;
}

bool learner_is_moved_by_item(const struct learner *learner, const struct catalogue *catalogue, uint32_t item,
                              const struct item_facts *before, int64_t at_ms, uint64_t sequence)
{
    struct look look = {catalogue, at_ms, sequence, false};
    return look_at_item(learner, item, before, &look);
}

bool learner_reconsider_item(struct learner *learner, const struct catalogue *catalogue, uint32_t item,
                             const struct item_facts *before, int64_t at_ms, uint64_t sequence)
{
    struct look look = {catalogue, at_ms, sequence, true};
    bool changed = look_at_item(learner, item, before, &look);

    if (changed && learner->version < sequence) /* as above */
        learner->version = sequence;
    return changed;
}
