#include "app/decide/decide_reports.h"

#include <stdlib.h>
#include <string.h>

#include "app/batch.h"
#include "app/decide/decide_lock.h"
#include "app/decide/place.h"
#include "app/decide/report_limits.h"
#include "core/limits.h"

static const struct learner nobody = {0};

static enum type_rank report_rank(const struct item_report *report)
{
    return report->type.bytes ? TYPE_CLIENT : report->report.has & FROM_PLAYER ? TYPE_PLAYER : TYPE_UNKNOWN;
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

/* Everything that can refuse one report. *out_record: what is stored, or an empty one. *out_adds: what it
 * adds to the learner, for budgets that are checked by the caller. */
static enum rc check_report(struct batch *batch, struct command *command, struct item_report *report,
                            struct place *out_place, struct record *out_record, struct addition *out_adds,
                            struct fault *fault)
{
    static const struct record blank = {RECORD_BLANK};
    enum rc rc = place_find(batch, command, report->item, report->course, out_place, fault);

    if (rc != RC_OK)
        return rc;
    const struct learner *learner = learner_of(batch, command);
    const struct record *record = out_place->item ? learner_record(learner, out_place->item) : NULL;
    bool in_course = out_place->course || report->course.bytes;
    bool enrolled = out_place->course && learner_enrolment(learner, out_place->course);
    bool preview = place_is_preview(batch, command, out_place, enrolled);
    place_settle(batch, out_place, report->course.bytes, preview);
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
    rc = report_limits_item(batch, command, learner, out_record, report, fault);
    if (rc != RC_OK)
        return rc;
    if (record && record->flags & RECORD_LOCKED && !command->may_pass_lock)
        return fault_set(fault, RC_CONFLICT, NULL, "this content is locked");
    return etag_check(command->if_match, record, fault);
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
    enum rc rc = report_limits_budgets(batch->fold->view, learner, place->course, adds, fault);
    if (rc != RC_OK)
        return rc;
    if (command->learner_key == 0)
        command->learner_key = batch_learner(batch, command->learner);
    if (command->learner_key == 0)
        return fault_no_memory(fault);
    if (place->observe || place->attach || better_type) {
        rc = place_observe(batch, command, report, place, fault);
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
    return report->course.bytes ? report->course : view_id(view, ENTITY_COURSE, place->course);
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
            return fault_set(&command->fault, RC_INVALID, command_part_name(command, PART_COURSE),
                             "one item is named under two courses");
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
        rc = report_limits_budgets(batch->fold->view, learner_of(batch, command), checked[i].place.course,
                                   &adds, &command->fault);
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
    uint32_t item = view_item_key(view, report->item.bytes, report->item.size);
    const struct item_def *def = view_item((struct view){view.model, false}, item);

    return def && view_holders(view, item)->count > FOLD_AT_ONCE && !def->course && !def->retired;
}

bool decide_brings_many(struct view view, const struct command *command)
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
            report_limits_budgets(view, learner_of(batch, command), place.course, &adds, &refused) != RC_OK)
            continue;
        place.rank = report_rank(report);
        enum rc rc = place_observe(batch, command, report, &place, &command->fault);
        command->split = batch->fold->deferred;
        if (rc != RC_OK || command->split)
            return rc;
    }
    batch->fold->may_defer = false; /* what follows comes on top of what this batch does */
    return RC_OK;
}

static enum rc decide_each(struct batch *batch, struct command *command)
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

static bool is_locked(struct view view, const struct command *command)
{
    const struct learner *learner = view_learner(view, command->learner_key);
    uint32_t item = view_item_key(view, command->item.bytes, command->item.size);
    const struct record *record = learner && item ? learner_record(learner, item) : NULL;

    return record && record->flags & RECORD_LOCKED;
}

enum rc decide_reports(struct batch *batch, struct command *command)
{
    return command->unlocks && is_locked(batch->fold->view, command) ? decide_lock(batch, command)
                                                                     : decide_each(batch, command);
}
