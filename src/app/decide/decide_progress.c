#include "app/batch.h"

#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/members.h"

/* Reports, locks, deletes and resets of progress. Source: contract 1, rules 1 to 7. */

static const struct learner nobody = {0};

/* Where an item stands for a report that names it, and perhaps a course. */
struct place {
    uint32_t item, course; /* keys; 0: not interned or none */
    bool attach;           /* the item comes to the course, or to none that it was bound to, by this report */
    bool observe;          /* the item, or a better-known type, is first told by this report */
    bool binds;            /* it comes bound only: the course does not count it */
    bool preview;          /* nobody is enrolled by this report */
    enum type_rank rank;
};

static const char *foreign_text(struct command *command, struct text item, struct text named, const char *own)
{
    const char *text = arena_printf(command->arena, "item %s belongs to %s%s, not to course %s", item.bytes,
                                    own ? "course " : "no course", own ? own : "", named.bytes);
    return text ? text : "the item belongs to another course";
}

/* Item and course as the catalogue has them, or why the report is refused. Source: contract 1, "A content
 * item belongs to one course". */
static enum rc find_place(struct batch *batch, struct command *command, struct text item_id,
                          struct text course_id, struct place *out, struct fault *fault)
{
    struct view view = batch->fold->view;
    struct place place = {.item = view_item_key(view, item_id.bytes, item_id.size)};
    const struct item_def *item = view_item(view, place.item);

    uint32_t own = item ? item->course ? item->course : view_bound(view, item) : 0;
    place.course = course_id.bytes ? view_course_key(view, course_id.bytes, course_id.size) : 0;
    const struct course_def *course = view_course(view, place.course);
    if (batch->policy->strict_catalog && (!item || (!item->course && !item->retired)))
        return fault_set(fault, RC_NOT_FOUND, NULL, "Content not found in the catalogue");
    if (batch->policy->strict_catalog && course_id.bytes && !course)
        return fault_set(fault, RC_NOT_FOUND, NULL, "Course not found");
    place.observe = !item;
    if (course_id.bytes) {
        if (own && own != place.course)
            return fault_set(fault, RC_INVALID, command->face == FACE_COURSEROOM ? "courseContentId" : NULL,
                             foreign_text(command, item_id, course_id, view_course_slot(view, own)->id));
        if (course && course->declared && own != place.course)
            return fault_set(fault, RC_NOT_FOUND, NULL, "Content not found in this course");
        if (item && item->retired)
            return fault_set(fault, RC_INVALID, NULL, foreign_text(command, item_id, course_id, NULL));
        place.attach = !item || item->course == 0;
    } else if (item) {
        place.course = own;
        place.attach = item->bound != 0; /* somebody's report, or it is none: see is_preview */
    }
    *out = place;
    return RC_OK;
}

static enum type_rank report_rank(const struct item_report *report)
{
    return report->type.bytes ? TYPE_CLIENT : report->report.has & FROM_PLAYER ? TYPE_PLAYER : TYPE_UNKNOWN;
}

/* ---- what limits refuse: contract 1 Errors, 3 update, 4 score; core/limits.h ---- */

static enum rc check_score(const struct record *record, const struct report *says, struct fault *fault)
{
    bool has_score = says->has & HAS_SCORE || record->flags & RECORD_SCORE;
    bool has_max = says->has & HAS_MAX_SCORE || record->flags & RECORD_MAX_SCORE;
    int64_t score = says->has & HAS_SCORE ? says->score_e4 : record->score_e4;
    int64_t max = says->has & HAS_MAX_SCORE ? says->max_score_e4 : record->max_score_e4;

    return has_score && has_max && score > max
               ? fault_set(fault, RC_INVALID, "score", "score must not be above maxScore")
               : RC_OK;
}

/* Merges only where the sum of both might be too much. */
static enum rc check_metadata(struct batch *batch, const struct learner *learner, const struct record *record,
                              const struct report *says, struct fault *fault)
{
    uint8_t *room = batch->fold->room.metadata;
    size_t size = (size_t)record->metadata_size + says->metadata_size;
    size_t bytes = members_json_bytes(record->metadata, record->metadata_size) +
                   members_json_bytes(says->metadata, says->metadata_size);
    uint32_t before = members_count(record->metadata, record->metadata_size);
    uint32_t count = before + members_count(says->metadata, says->metadata_size);

    if (bytes > MEMBERS_MAX_BYTES || count > LIMIT_METADATA_MEMBERS ||
        learner->metadata_bytes + says->metadata_size > LIMIT_METADATA_BYTES) {
        size =
            members_merge(record->metadata, record->metadata_size, says->metadata, says->metadata_size, room);
        bytes = members_json_bytes(room, size);
        count = members_count(room, size);
    }
    if (bytes > MEMBERS_MAX_BYTES)
        return fault_set(fault, RC_INVALID, "metadata", "metadata has at most 16 KiB once merged");
    /* more than that from before there was the limit: no more */
    if (count > LIMIT_METADATA_MEMBERS && count > before)
        return fault_set(fault, RC_INVALID, "metadata", "metadata has at most 256 members once merged");
    if (size > record->metadata_size &&
        learner->metadata_bytes - record->metadata_size + size > LIMIT_METADATA_BYTES)
        return fault_set(fault, RC_CONFLICT, NULL, "a learner's metadata has at most 4 MiB in all");
    return RC_OK;
}

static enum rc check_segments(struct batch *batch, const struct learner *learner, const struct record *record,
                              const struct report *says, struct fault *fault)
{
    size_t count = (size_t)record->segment_count + says->segment_count;

    if (count > RECORD_MAX_SEGMENTS || learner->segment_total + says->segment_count > LIMIT_SEGMENTS)
        count = segments_merge(record->segments, record->segment_count, says->segments, says->segment_count,
                               batch->fold->room.segments);
    if (count > RECORD_MAX_SEGMENTS)
        return fault_set(fault, RC_INVALID, "segments", "more than 1,000 separate segments");
    if (count > record->segment_count &&
        learner->segment_total - record->segment_count + count > LIMIT_SEGMENTS)
        return fault_set(fault, RC_CONFLICT, NULL, "a learner has at most 100,000 segments in all");
    return RC_OK;
}

/* What the report says of one item. */
static enum rc check_limits(struct batch *batch, const struct command *command, const struct learner *learner,
                            const struct record *record, const struct item_report *report,
                            struct fault *fault)
{
    const struct report *says = &report->report;
    enum rc rc = RC_OK;

    if (says->has & HAS_TIME_SPENT && says->time_spent_ms > TIME_MAX_MS - record->time_spent_ms)
        return fault_set(fault, RC_INVALID,
                         command->face == FACE_COURSEROOM ? "activityDuration" : "timeSpent",
                         "the accumulated time would pass 2^53 seconds");
    if (says->has & (HAS_SCORE | HAS_MAX_SCORE))
        rc = check_score(record, says, fault);
    if (rc == RC_OK && says->has & HAS_METADATA && says->metadata_size)
        rc = check_metadata(batch, learner, record, says, fault);
    if (rc == RC_OK && says->has & HAS_SEGMENTS && says->segment_count)
        rc = check_segments(batch, learner, record, says, fault);
    return rc;
}

/* What one report, or several of one request, add to a learner; and to the server: items and courses that
 * nobody named before, items that come to a course. */
struct addition {
    uint32_t records, enrolments, days, items, courses, taught;
};

static enum rc check_budgets(struct view view, const struct learner *learner, uint32_t course,
                             const struct addition *adds, struct fault *fault)
{
    const struct course_def *def = view_course(view, course);

    if (adds->items && view.model->item_count + adds->items > LIMIT_ITEMS)
        return fault_set(fault, RC_CONFLICT, NULL, "the server has at most 1,000,000 items");
    if (adds->courses && view.model->course_count + adds->courses > LIMIT_COURSES)
        return fault_set(fault, RC_CONFLICT, NULL, "the server has at most 100,000 courses");
    if (adds->taught && def && def->item_count + adds->taught > LIMIT_COURSE_ITEMS)
        return fault_set(fault, RC_CONFLICT, NULL, "a course has at most 10,000 items");
    if (adds->records && learner->record_count + adds->records > LIMIT_RECORDS)
        return fault_set(fault, RC_CONFLICT, NULL, "a learner has progress on at most 10,000 items");
    if (adds->enrolments && learner->enrolment_count + adds->enrolments > LIMIT_ENROLMENTS)
        return fault_set(fault, RC_CONFLICT, NULL, "a learner is enrolled in at most 1,000 courses");
    if (adds->days && learner->day_count + adds->days > LIMIT_DAYS)
        return fault_set(fault, RC_CONFLICT, NULL, "a learner has reports on at most 10,000 days");
    return RC_OK;
}

static enum rc check_if_match(const struct command *command, const struct record *record, struct fault *fault)
{
    char etag[ETAG_BYTES];

    etag_of_record(record, etag);
    return etag_matches(command->if_match, etag)
               ? RC_OK
               : fault_set(fault, RC_STALE_MATCH, "If-Match", "the record has changed since");
}

static bool is_new_day(const struct learner *learner, const struct report *report)
{
    return report->has & (FROM_PLAYER | HAS_DAY) && !learner_knows_day(learner, report->local_day);
}

/* The learner as decided so far; an empty one when never seen. */
static const struct learner *learner_of(const struct batch *batch, const struct command *command)
{
    const struct learner *learner = view_learner(batch->fold->view, command->learner_key);
    return learner ? learner : &nobody;
}

/* Staff are no learners: what they report for themselves is a preview, unless they are enrolled. Source:
 * contract 1, Enrolment. */
static bool is_preview(const struct batch *batch, const struct command *command, const struct place *place,
                       bool enrolled)
{
    if (command->actor.bytes || enrolled)
        return false;
    if (command->by_staff)
        return true;
    enum staff_listing listing =
        view_course_staff(batch->fold->view, place->course, command->learner.bytes, command->learner.size);
    return listing == STAFF_LISTED || listing == STAFF_LISTED_OWNER;
}

static enum rc stop_at_real(void *arg, uint32_t key)
{
    const struct {
        const struct fold *fold;
        uint32_t item;
    } *of = arg;
    const struct learner *learner = view_learner(of->fold->view, key);
    const struct record *record = learner ? learner_record(learner, of->item) : NULL;

    return record && record->flags & RECORD_REAL ? RC_CONFLICT : RC_OK;
}

/* Whether anybody has reported the item in earnest: then its course counts it, whoever names that. */
static bool has_real_report(struct batch *batch, uint32_t item)
{
    struct {
        const struct fold *fold;
        uint32_t item;
    } of = {batch->fold, item};
    return item && fold_each_holder(batch->fold, item, stop_at_real, &of) != RC_OK;
}

/* Once it is known who reports: a preview, or a lock, only binds the item to the course that it names. */
static void settle_place(struct batch *batch, struct place *place, bool named, bool preview)
{
    const struct item_def *item = view_item(batch->fold->view, place->item);

    place->preview = preview;
    if (!preview || !place->attach)
        return;
    if (item && item->bound)
        place->attach =
            named && view_bound(batch->fold->view, item) == 0; /* the course that it was bound to went */
    place->binds = place->attach && !has_real_report(batch, place->item);
}

/* Everything that can refuse one report. *out_record: what is stored, or an empty one. *out_adds: what it
 * adds to the learner, for budgets that are checked by the caller. */
static enum rc check_report(struct batch *batch, struct command *command, struct item_report *report,
                            struct place *out_place, struct record *out_record, struct addition *out_adds,
                            struct fault *fault)
{
    static const struct record blank = {RECORD_BLANK};
    enum rc rc = find_place(batch, command, report->item, report->course, out_place, fault);

    if (rc != RC_OK)
        return rc;
    const struct learner *learner = learner_of(batch, command);
    const struct record *record = out_place->item ? learner_record(learner, out_place->item) : NULL;
    bool in_course = out_place->course || report->course.bytes;
    bool enrolled = out_place->course && learner_enrolment(learner, out_place->course);
    bool preview = is_preview(batch, command, out_place, enrolled);
    settle_place(batch, out_place, report->course.bytes, preview);
    report->report.has =
        preview ? report->report.has | IS_PREVIEW : report->report.has & ~(uint32_t)IS_PREVIEW;
    if (in_course && !enrolled && batch->policy->explicit_enrolment)
        return fault_set(fault, RC_NOT_FOUND, NULL, "User is not enrolled in this course");
    *out_record = record ? *record : blank;
    *out_adds = (struct addition){.records = !record,
                                  .enrolments = in_course && !enrolled && !preview,
                                  .days = is_new_day(learner, &report->report),
                                  .items = !out_place->item,
                                  .courses = report->course.bytes && !out_place->course,
                                  .taught = out_place->attach && !out_place->binds};
    rc = check_limits(batch, command, learner, out_record, report, fault);
    if (rc != RC_OK)
        return rc;
    if (record && record->flags & RECORD_LOCKED && !command->may_pass_lock)
        return fault_set(fault, RC_CONFLICT, NULL, "this content is locked");
    return check_if_match(command, record, fault);
}

/* Registers item and course on first sight, attaches a courseless item, and enrols who adopted it. */
static enum rc observe(struct batch *batch, struct command *command, struct item_report *report,
                       struct place *place, struct fault *fault)
{
    place->item = batch_item(batch, report->item);
    if (report->course.bytes)
        place->course = batch_course(batch, report->course);
    if (!place->item || (report->course.bytes && !place->course))
        return fault_no_memory(fault);
    struct text type = report->type;
    if (!type.bytes && report->report.has & FROM_PLAYER)
        type = (struct text){"video", 5};
    struct event event = batch_event(command, EV_ITEM_OBSERVED);
    event.item = place->item;
    event.course = place->attach ? place->course : 0;
    event.untaught = place->preview && (!place->attach || place->binds);
    event.type_rank = (uint8_t)place->rank;
    event.body = (const uint8_t *)type.bytes;
    event.body_size = type.size;
    enum rc rc = batch_emit(batch, &event, fault);
    if (rc == RC_OK && event.course && !event.untaught && !place->observe)
        rc = batch_adopt(batch, command, place->item, place->course, fault);
    return rc;
}

static enum rc store_report(struct batch *batch, struct command *command, struct item_report *report,
                            struct place *place, struct record *record, const struct addition *adds,
                            struct fault *fault)
{
    const struct item_def *item = view_item(batch->fold->view, place->item);
    const struct learner *learner = learner_of(batch, command);
    struct item_facts facts = view_item_facts(batch->fold->view, place->item);
    bool changes, has_id = report->event_id[0] || report->event_id[1];

    report->item_key = place->item;
    if (has_id && learner_knows_event_id(learner, report->event_id)) {
        report->effect = REPORT_UNCHANGED;
        return RC_OK;
    }
    report->effect =
        record_effect(record, &report->report, &facts, command->at_ms, &batch->fold->room, &changes);
    bool floored = report->report.has & HAS_CLIENT_AT && report->report.client_at_ms <= record->floor_ms;
    bool new_day = is_new_day(learner, &report->report);
    place->rank = report_rank(report);
    bool better_type = item && place->rank > (enum type_rank)item->type_rank;
    if (floored || (!changes && !new_day && !place->attach && !better_type && !has_id))
        return RC_OK;
    enum rc rc = check_budgets(batch->fold->view, learner, place->course, adds, fault);
    if (rc != RC_OK)
        return rc;
    if (command->learner_key == 0)
        command->learner_key = batch_learner(batch, command->learner);
    if (command->learner_key == 0)
        return fault_no_memory(fault);
    if (place->observe || place->attach || better_type) {
        rc = observe(batch, command, report, place, fault);
        if (rc != RC_OK)
            return rc;
        learner = learner_of(batch, command);
    }
    report->item_key = place->item;
    struct event event = batch_event(command, EV_REPORTED);
    event.item = place->item;
    event.course = place->course;
    event.report = report->report;
    event.event_id[0] = report->event_id[0];
    event.event_id[1] = report->event_id[1];
    event.device = report->device.bytes;
    event.device_size = report->device.size;
    if (command->zone != learner->zone) { /* both are zone_named's, so that names alike are one */
        event.zone = command->zone ? command->zone : "";
        event.zone_size = (uint32_t)strlen(event.zone);
    }
    if (!learner_record(learner, place->item))
        event.record_id = ++batch->counters.record_id;
    if (place->course && !place->preview && !learner_enrolment(learner, place->course)) {
        rc = batch_teach_held(batch, command, command->learner_key, place->course, fault);
        if (rc != RC_OK)
            return rc;
        event.enrolment_id = ++batch->counters.enrolment_id;
    }
    rc = batch_emit(batch, &event, fault);
    if (rc == RC_OK)
        command->sequence = event.sequence;
    return rc;
}

/* ---- all of a request's reports, or none ---- */

static int compare_texts(struct text a, struct text b)
{
    if (a.size != b.size)
        return a.size < b.size ? -1 : 1;
    return a.size ? memcmp(a.bytes, b.bytes, a.size) : 0;
}

/* By item; those of one item that name a course come first. */
static int by_item(const void *a, const void *b)
{
    const struct item_report *left = *(struct item_report *const *)a,
                             *right = *(struct item_report *const *)b;
    int order = compare_texts(left->item, right->item);

    return order ? order : (right->course.bytes != NULL) - (left->course.bytes != NULL);
}

static int by_text(const void *a, const void *b)
{
    return compare_texts(*(const struct text *)a, *(const struct text *)b);
}

/* What was found out about one report of several. */
struct checked {
    struct place place;
    struct addition adds;
};

/* The name of the course that a report enrols in. */
static struct text course_named(struct view view, const struct item_report *report, const struct place *place)
{
    const struct course_slot *slot = view_course_slot(view, place->course);
    return report->course.bytes || !slot ? report->course : (struct text){slot->id, slot->id_size};
}

/* Two reports of one request that put one item into two courses cannot both hold. What all of them add counts
 * each item and each course once. */
static enum rc check_together(struct batch *batch, struct command *command, const struct checked *checked)
{
    uint32_t count = command->report_count, courses = 0;
    struct item_report **order = arena_alloc(command->arena, count * sizeof *order);
    struct text *names = arena_alloc(command->arena, count * sizeof *names);
    struct addition adds = {0};

    if (!order || !names)
        return fault_no_memory(&command->fault);
    for (uint32_t i = 0; i < count; i++)
        order[i] = &command->reports[i];
    qsort(order, count, sizeof *order, by_item);
    for (uint32_t i = 0; i < count; i++) {
        const struct checked *of = &checked[order[i] - command->reports];
        bool again = i && compare_texts(order[i]->item, order[i - 1]->item) == 0;
        if (again && order[i]->course.bytes && compare_texts(order[i]->course, order[i - 1]->course) != 0)
            return fault_set(&command->fault, RC_INVALID, "CourseId", "one item is named under two courses");
        adds.records += !again && of->adds.records;
        adds.items += !again && of->adds.items;
        adds.taught += !again && of->adds.taught;
        adds.courses += !again && of->adds.courses;
        adds.days +=
            of->adds.days && (adds.days == 0 || order[i]->report.local_day != order[0]->report.local_day);
        if (of->adds.enrolments)
            names[courses++] = course_named(batch->fold->view, order[i], &of->place);
    }
    if (courses)
        qsort(names, courses, sizeof *names, by_text);
    for (uint32_t i = 0; i < courses; i++)
        adds.enrolments += i == 0 || compare_texts(names[i], names[i - 1]) != 0;
    /* each course as if all that comes to one came to it: near the limit that is strict */
    enum rc rc = RC_OK;
    for (uint32_t i = 0; rc == RC_OK && i < count; i++)
        rc = check_budgets(batch->fold->view, learner_of(batch, command), checked[i].place.course, &adds,
                           &command->fault);
    command->if_match = NULL; /* compared with what was there before the first of them */
    return rc;
}

static enum rc check_all(struct batch *batch, struct command *command)
{
    struct checked *checked = arena_alloc(command->arena, command->report_count * sizeof *checked);
    struct record record;

    if (!checked)
        return fault_no_memory(&command->fault);
    for (uint32_t i = 0; i < command->report_count; i++) {
        struct item_report *report = &command->reports[i];
        if (report->rc != RC_OK) {
            command->fault = report->fault;
            return report->rc;
        }
        enum rc rc = check_report(batch, command, report, &checked[i].place, &record, &checked[i].adds,
                                  &command->fault);
        if (rc != RC_OK)
            return rc;
    }
    return check_together(batch, command, checked);
}

static bool is_of_many(struct view view, const struct item_report *report)
{
    const struct item_slot *slot =
        view_item_slot(view, view_item_key(view, report->item.bytes, report->item.size));

    return slot && slot->holders.count > FOLD_AT_ONCE && slot->def && !slot->def->course &&
           !slot->def->retired;
}

bool brings_many(struct view view, const struct command *command)
{
    for (uint32_t i = 0; command->kind == CMD_REPORTS && i < command->report_count; i++)
        if (command->reports[i].course.bytes && is_of_many(view, &command->reports[i]))
            return true;
    return false;
}

static bool adds_nothing(const struct learner *learner, const struct record *record,
                         const struct item_report *report)
{
    bool floored = report->report.has & HAS_CLIENT_AT && report->report.client_at_ms <= record->floor_ms;
    return floored || ((report->event_id[0] || report->event_id[1]) &&
                       learner_knows_event_id(learner, report->event_id));
}

/* An item that many hold comes to the report's course in a batch of its own, whose effect on them is worked
 * out in slices. One at a time. */
static enum rc bring_many(struct batch *batch, struct command *command)
{
    struct view view = batch->fold->view;

    for (uint32_t i = 0; batch->fold->may_defer && i < command->report_count; i++) {
        struct item_report *report = &command->reports[i];
        struct place place;
        struct record record;
        struct addition adds;
        struct fault refused; /* which the report is told when it is decided */
        if (report->rc != RC_OK || !report->course.bytes || !is_of_many(view, report) ||
            check_report(batch, command, report, &place, &record, &adds, &refused) != RC_OK ||
            !place.attach || adds_nothing(learner_of(batch, command), &record, report) ||
            check_budgets(view, learner_of(batch, command), place.course, &adds, &refused) != RC_OK)
            continue;
        place.rank = report_rank(report);
        enum rc rc = observe(batch, command, report, &place, &command->fault);
        command->split = batch->fold->deferred;
        if (rc != RC_OK || command->split)
            return rc;
    }
    batch->fold->may_defer = false; /* what follows comes on top of what this batch does */
    return RC_OK;
}

static enum rc decide_reports(struct batch *batch, struct command *command)
{
    /* One alone is checked as it is stored; several before any of them is. */
    enum rc rc = command->all_or_nothing && command->report_count > 1 ? check_all(batch, command) : RC_OK;

    command->split = false;
    if (rc == RC_OK && batch->fold->may_defer)
        rc = bring_many(batch, command);
    if (command->split)
        return rc;
    for (uint32_t i = 0; rc == RC_OK && i < command->report_count; i++) {
        struct item_report *report = &command->reports[i];
        struct place place;
        struct record record;
        struct addition adds;
        if (report->rc == RC_OK) /* else the face refused it */
            report->rc = check_report(batch, command, report, &place, &record, &adds, &report->fault);
        if (report->rc == RC_OK)
            report->rc = store_report(batch, command, report, &place, &record, &adds, &report->fault);
        if (report->rc == RC_BUSY || (command->all_or_nothing && report->rc != RC_OK)) {
            command->fault = report->fault;
            rc = report->rc;
        }
    }
    return rc;
}

/* Lock, unlock: staff's and system's word on an item; no activity. Rule 6. */
static enum rc decide_lock(struct batch *batch, struct command *command)
{
    struct place place;
    enum rc rc = find_place(batch, command, command->item, command->course, &place, &command->fault);

    if (rc != RC_OK)
        return rc;
    settle_place(batch, &place, command->course.bytes, true); /* no activity */
    const struct learner *learner = view_learner(batch->fold->view, command->learner_key);
    const struct record *record = learner && place.item ? learner_record(learner, place.item) : NULL;
    rc = check_if_match(command, record, &command->fault);
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
        rc = observe(batch, command, &first_sight, &place, &command->fault);
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

/* A learner's delete of one item's progress: nothing stored is fine. Source: contract 6, DELETE. */
static enum rc decide_delete(struct batch *batch, struct command *command)
{
    const struct learner *learner = view_learner(batch->fold->view, command->learner_key);
    uint32_t item = view_item_key(batch->fold->view, command->item.bytes, command->item.size);
    const struct record *record = learner && item ? learner_record(learner, item) : NULL;

    if (record && record->flags & RECORD_LOCKED && !command->may_pass_lock)
        return fault_set(&command->fault, RC_CONFLICT, NULL, "this content is locked");
    enum rc rc = check_if_match(command, record, &command->fault);
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

/* A privileged reset of a course or one item of it; history stays. Source: contract 3, reset. */
static enum rc decide_reset(struct batch *batch, struct command *command)
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
            return fault_set(&command->fault, RC_INVALID, "courseContentId",
                             foreign_text(command, command->item, command->course,
                                          own ? view_course_slot(view, own)->id : NULL));
        enum rc rc = check_if_match(command, learner_record(learner, item), &command->fault);
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

static bool is_locked(struct view view, const struct command *command)
{
    const struct learner *learner = view_learner(view, command->learner_key);
    uint32_t item = view_item_key(view, command->item.bytes, command->item.size);
    const struct record *record = learner && item ? learner_record(learner, item) : NULL;

    return record && record->flags & RECORD_LOCKED;
}

enum rc decide_progress(struct batch *batch, struct command *command)
{
    switch (command->kind) {
    case CMD_REPORTS:
        if (command->unlocks && is_locked(batch->fold->view, command))
            return decide_lock(batch, command);
        return decide_reports(batch, command);
    case CMD_LOCK:
    case CMD_UNLOCK:
        return decide_lock(batch, command);
    case CMD_DELETE_PROGRESS:
        return decide_delete(batch, command);
    default:
        return decide_reset(batch, command);
    }
}
