#include "app/decide/decide_reports.h"

#include <stdlib.h>
#include <string.h>

#include "app/batch.h"
#include "app/decide/decide_lock.h"
#include "app/decide/place.h"
#include "app/decide/report_check.h"
#include "app/decide/report_limits.h"
#include "base/list.h"
#include "core/limits.h"

static enum type_rank report_rank(const struct item_report *report)
{
    return report->type.bytes ? TYPE_CLIENT : report->report.has & FROM_PLAYER ? TYPE_PLAYER : TYPE_UNKNOWN;
}

/* adds: what the budgets are asked for; NULL: they were asked. */
static enum rc store_report(struct batch *batch, struct command *command, struct item_report *report,
                            struct place *place, const struct addition *adds, struct fault *fault)
{
    const struct item_def *item = view_item(batch->fold->view, place->item);
    const struct learner *learner = report_learner(batch, command);
    const struct record *record = report_record(learner, place->item);
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
    bool new_day = report_is_new_day(learner, &report->report);
    place->rank = report_rank(report);
    bool better_type = item && place->rank > (enum type_rank)item->type_rank;
    if (floored || (!changes && !new_day && !place->attach && !better_type && !has_id))
        return RC_OK;
    enum rc rc = adds ? report_limits_budgets(batch->fold->view, learner, place->course, adds, fault) : RC_OK;
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
        learner = report_learner(batch, command);
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

/* By item; those of one item as the request has them. */
static int by_item(const void *a, const void *b)
{
    const struct item_report *left = *(struct item_report *const *)a,
                             *right = *(struct item_report *const *)b;
    int order = compare_texts(left->item, right->item);

    return order ? order : (left > right) - (left < right);
}

static int by_text(const void *a, const void *b)
{
    return compare_texts(*(const struct text *)a, *(const struct text *)b);
}

static int by_day(const void *a, const void *b)
{
    int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
    return (left > right) - (left < right);
}

/* What was found out about one report of several that are stored together. */
struct checked {
    struct place place;
    struct addition adds;
    struct record record;   /* as those before it in the request leave it, and then with this one */
    struct checked *before; /* the last one before it that is about the same item; NULL: none is */
    bool followed;          /* a later one is about the same item */
};

/* Several reports of one request that hold together or not at all. */
struct together {
    struct checked *checked;     /* beside the command's reports */
    struct item_report **sorted; /* by_item */
    uint32_t count;
};

static enum rc together_begin(struct command *command, struct together *out)
{
    uint32_t count = command->report_count;

    *out = (struct together){.checked = arena_alloc(command->arena, count * sizeof *out->checked),
                             .sorted = arena_alloc(command->arena, count * sizeof(struct item_report *)),
                             .count = count};
    if (!out->checked || !out->sorted)
        return fault_no_memory(&command->fault);
    for (uint32_t i = 0; i < count; i++) {
        out->sorted[i] = &command->reports[i];
        out->checked[i].before = NULL;
        out->checked[i].followed = false;
    }
    qsort(out->sorted, count, sizeof *out->sorted, by_item);
    for (uint32_t i = 1; i < count; i++)
        if (compare_texts(out->sorted[i]->item, out->sorted[i - 1]->item) == 0) {
            struct checked *before = &out->checked[out->sorted[i - 1] - command->reports];
            out->checked[out->sorted[i] - command->reports].before = before;
            before->followed = true;
        }
    return RC_OK;
}

/* The name of the course that a report enrols in. */
static struct text course_named(struct view view, const struct item_report *report, const struct place *place)
{
    return report->course.bytes ? report->course : view_id(view, ENTITY_COURSE, place->course);
}

/* What all of them add: each item, each day and each course counts once. Two reports that put one item into
 * two courses cannot both hold. names and days have room for one a report. */
static enum rc add_up(struct batch *batch, struct command *command, const struct together *all,
                      struct text *names, int32_t *days, struct addition *out)
{
    struct addition of_item = {0}; /* of the reports on one item */
    struct text course = {NULL, 0};
    uint32_t courses = 0, day_count = 0;

    for (uint32_t i = 0; i < all->count; i++) {
        const struct item_report *report = all->sorted[i];
        const struct checked *of = &all->checked[report - command->reports];
        if (!of->before) {
            of_item = (struct addition){0};
            course = (struct text){NULL, 0};
        }
        if (report->course.bytes && course.bytes && compare_texts(report->course, course) != 0)
            return fault_set(&command->fault, RC_INVALID, command_part_name(command, PART_COURSE),
                             "one item is named under two courses");
        course = report->course.bytes ? report->course : course;
        out->records += !of->before && of->adds.records;
        out->items += !of->before && of->adds.items;
        out->taught += of->adds.taught && !of_item.taught;
        out->courses += of->adds.courses && !of_item.courses;
        of_item.taught |= of->adds.taught;
        of_item.courses |= of->adds.courses;
        if (of->adds.days)
            days[day_count++] = report->report.local_day;
        if (of->adds.enrolments)
            names[courses++] = course_named(batch->fold->view, report, &of->place);
    }
    out->enrolments = list_sort_unique(names, courses, sizeof *names, by_text);
    out->days = list_sort_unique(days, day_count, sizeof *days, by_day);
    return RC_OK;
}

static enum rc check_budgets(struct batch *batch, struct command *command, const struct together *all)
{
    struct text *names = arena_alloc(command->arena, all->count * sizeof *names);
    int32_t *days = arena_alloc(command->arena, all->count * sizeof *days);
    struct addition adds = {0};
    enum rc rc =
        names && days ? add_up(batch, command, all, names, days, &adds) : fault_no_memory(&command->fault);

    /* each course as if all that comes to one came to it: near the limit that is strict */
    for (uint32_t i = 0; rc == RC_OK && i < all->count; i++)
        rc = report_limits_budgets(batch->fold->view, report_learner(batch, command),
                                   all->checked[i].place.course, &adds, &command->fault);
    return rc;
}

/* The record with the report on top, for those that follow in the request; and the learner's sums with it. */
static enum rc put_on_top(struct batch *batch, struct command *command, const struct report *report,
                          struct checked *checked, struct learner *sums)
{
    struct record *record = &checked->record, before = *record;
    struct item_facts facts = view_item_facts(batch->fold->view, checked->place.item);

    if (!checked->followed && !(report->has & (HAS_METADATA | HAS_SEGMENTS)))
        return RC_OK;
    record_apply(record, report, &facts, command->at_ms, 0, &batch->fold->room);
    sums->metadata_bytes += (uint64_t)record->metadata_size - before.metadata_size;
    sums->segment_total += (uint64_t)record->segment_count - before.segment_count;
    if (record->metadata_size)
        record->metadata =
            (const uint8_t *)arena_copy(command->arena, record->metadata, record->metadata_size);
    if (record->segment_count)
        record->segments = (const struct segment *)arena_copy(
            command->arena, record->segments, record->segment_count * sizeof *record->segments);
    return (record->metadata_size && !record->metadata) || (record->segment_count && !record->segments)
               ? fault_no_memory(&command->fault)
               : RC_OK;
}

/* All that can refuse several reports, before any of them is stored; each on top of those before it. */
static enum rc check_all(struct batch *batch, struct command *command, struct together *out)
{
    struct learner sums = *report_learner(batch, command);
    enum rc rc = together_begin(command, out);

    for (uint32_t i = 0; rc == RC_OK && i < command->report_count; i++) {
        struct item_report *report = &command->reports[i];
        struct checked *checked = &out->checked[i];
        if (report->rc != RC_OK) { /* the face refused it */
            command->fault = report->fault;
            return report->rc;
        }
        const struct record *stored = NULL;
        rc =
            report_look_up(batch, command, report, &checked->place, &stored, &checked->adds, &command->fault);
        if (rc != RC_OK)
            return rc;
        checked->record = checked->before ? checked->before->record
                          : stored        ? *stored
                                          : *report_record(NULL, 0);
        rc = report_judge(batch, command, &sums, &checked->record, stored, report, &command->fault);
        if (rc == RC_OK)
            rc = put_on_top(batch, command, &report->report, checked, &sums);
    }
    if (rc == RC_OK)
        rc = check_budgets(batch, command, out);
    command->if_match = NULL; /* it was compared with what was there before the first of them */
    return rc;
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

static bool adds_nothing(const struct learner *learner, const struct item_report *report, uint32_t item)
{
    const struct record *record = report_record(learner, item);
    bool floored = report->report.has & HAS_CLIENT_AT && report->report.client_at_ms <= record->floor_ms;
    return floored || ((report->event_id[0] || report->event_id[1]) &&
                       learner_knows_event_id(learner, report->event_id));
}

/* An item that many hold comes to the report's course in a batch of its own, whose effect on them is worked
 * out in slices. One at a time. checked: what is known of them; NULL: they were not checked. */
static enum rc bring_many(struct batch *batch, struct command *command, const struct together *checked)
{
    struct view view = batch->fold->view;

    for (uint32_t i = 0; batch->fold->may_defer && i < command->report_count; i++) {
        struct item_report *report = &command->reports[i];
        struct place place;
        struct addition adds;
        struct fault refused; /* which the report is told when it is decided */
        if (report->rc != RC_OK || !report->course.bytes || !is_of_many(view, report))
            continue;
        if (checked) {
            place = checked->checked[i].place;
            adds = checked->checked[i].adds;
        } else if (report_check(batch, command, report, &place, &adds, &refused) != RC_OK) {
            continue;
        }
        if (!place.attach || adds_nothing(report_learner(batch, command), report, place.item) ||
            report_limits_budgets(view, report_learner(batch, command), place.course, &adds, &refused) !=
                RC_OK)
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

/* Where an item stands once reports before it in the request are stored, or it was brought to its course. */
static enum rc find_again(struct batch *batch, struct command *command, const struct item_report *report,
                          struct place *place)
{
    bool preview = place->preview;
    enum rc rc = place_find(batch, command, report->item, report->course, place, &command->fault);

    if (rc == RC_OK)
        place_settle(batch, place, report->course.bytes, preview);
    return rc;
}

/* All of them or none: checked before the first is stored. */
static enum rc decide_together(struct batch *batch, struct command *command)
{
    struct together all;
    enum rc rc = check_all(batch, command, &all);
    size_t events = batch->event_count;

    if (rc == RC_OK && batch->fold->may_defer)
        rc = bring_many(batch, command, &all);
    if (rc != RC_OK || command->split)
        return rc;
    bool brought = batch->event_count != events;
    for (uint32_t i = 0; rc == RC_OK && i < command->report_count; i++) {
        struct checked *checked = &all.checked[i];
        if (brought || checked->before)
            rc = find_again(batch, command, &command->reports[i], &checked->place);
        if (rc == RC_OK)
            rc = store_report(batch, command, &command->reports[i], &checked->place, NULL, &command->fault);
    }
    return rc;
}

/* Each has its own result; one alone that is refused is the command's. */
static enum rc decide_each(struct batch *batch, struct command *command)
{
    enum rc rc = batch->fold->may_defer ? bring_many(batch, command, NULL) : RC_OK;

    if (command->split)
        return rc;
    for (uint32_t i = 0; rc == RC_OK && i < command->report_count; i++) {
        struct item_report *report = &command->reports[i];
        struct place place;
        struct addition adds;
        if (report->rc == RC_OK) /* else the face refused it */
            report->rc = report_check(batch, command, report, &place, &adds, &report->fault);
        if (report->rc == RC_OK)
            report->rc = store_report(batch, command, report, &place, &adds, &report->fault);
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
    command->split = false;
    if (command->unlocks && is_locked(batch->fold->view, command))
        return decide_lock(batch, command);
    return command->all_or_nothing && command->report_count > 1 ? decide_together(batch, command)
                                                                : decide_each(batch, command);
}
