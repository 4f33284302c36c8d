#include "face/trk.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ident.h"
#include "face/csv.h"
#include "face/face.h"
#include "face/trk_out.h"

/* GET /api/progress/stats/:moduleId, and a learner's labs and games. Contract 4. */

enum { TYPES_MAX = 64, LIMIT_MAX = 100 };

/* ---- stats ---- */

struct type_sums {
    const char *type;
    struct item_sums sums;
};

/* The course's sums by type, from the items' sums: constant in the number of learners. */
static int sum_types(struct view view, const struct course_def *def, struct type_sums *types, struct item_sums *all)
{
    int known = 0;

    for (uint32_t i = 0; i < def->item_count; i++) {
        const struct item_sums *sums = &view_item_slot(view, def->items[i])->sums;
        const char *type = item_type(view_item(view, def->items[i]));
        int at = 0;
        while (at < known && strcmp(types[at].type, type) != 0)
            at++;
        if (at == known && known < TYPES_MAX)
            types[known++] = (struct type_sums){type, {0}};
        all->records += sums->records;
        all->completed += sums->completed;
        all->in_progress += sums->in_progress;
        all->not_started += sums->not_started;
        if (at < TYPES_MAX) {
            types[at].sums.records += sums->records;
            types[at].sums.completed += sums->completed;
            types[at].sums.time_spent_ms += sums->time_spent_ms;
        }
    }
    return known;
}

struct member {
    const struct learner *learner;
    const struct enrolment *enrolment;
    struct text user;
};

static int best_first(const void *a, const void *b)
{
    const struct member *left = a, *right = b;
    int64_t left_number, right_number;

    if (left->enrolment->completed_required != right->enrolment->completed_required)
        return left->enrolment->completed_required > right->enrolment->completed_required ? -1 : 1;
    if (left->enrolment->completed_items != right->enrolment->completed_items)
        return left->enrolment->completed_items > right->enrolment->completed_items ? -1 : 1;
    bool left_is = ident_integer(left->user.bytes, left->user.size, &left_number);
    bool right_is = ident_integer(right->user.bytes, right->user.size, &right_number);
    if (left_is != right_is)
        return left_is ? -1 : 1;
    if (left_is)
        return left_number < right_number ? -1 : left_number > right_number;
    return strcmp(left->user.bytes, right->user.bytes);
}

static void put_member(struct json_out *out, struct arena *arena, struct view view, uint32_t course,
                       const struct member *member)
{
    struct course_facts facts = view_course_facts(view, course);
    uint32_t count = 0;
    wide ms = 0;
    const struct record **records = records_of_course(arena, view, member->learner, course, &count);

    for (uint32_t i = 0; records && i < count; i++)
        ms += records[i]->time_spent_ms;
    json_open(out, '{');
    json_put_open(out, "user", '{');
    json_put_text(out, "id", member->user.bytes);
    json_put_text(out, "username", member->user.bytes);
    json_put_null(out, "email");
    json_close(out, '}');
    json_put_int(out, "completionPercentage",
                 rounded_ratio(course_percent_hundredths(member->enrolment->completed_required, facts.required), 1, 100));
    json_put_int(out, "completedContent", member->enrolment->completed_items);
    trk_put_minutes(out, "totalTimeSpent", ms);
    json_put_open(out, "enrollment", '{');
    json_put_instant(out, "enrolledAt", member->enrolment->enrolled_at_ms);
    json_put_text(out, "status", trk_state(enrolment_state(member->enrolment, &facts)));
    json_close(out, '}');
    json_put_open(out, "contentProgress", '[');
    for (uint32_t i = 0; records && i < count; i++) {
        json_open(out, '{');
        json_put_text(out, "contentId", view_item_slot(view, records[i]->item)->id);
        json_put_text(out, "status", trk_status(records[i]));
        json_put_int(out, "progressPercentage", rounded_ratio(records[i]->percent_hundredths, 1, 100));
        trk_put_minutes(out, "timeSpent", records[i]->time_spent_ms);
        json_put_instant(out, "completedAt", records[i]->completed_at_ms);
        json_close(out, '}');
    }
    json_close(out, ']');
    json_close(out, '}');
}

static void put_overview(struct json_out *out, struct view view, uint32_t course)
{
    struct type_sums types[TYPES_MAX];
    struct item_sums all = {0};
    const struct course_def *def = view_course(view, course);
    int known = sum_types(view, def, types, &all);

    json_put_open(out, "overview", '{');
    json_put_int(out, "totalUsers", view_course_slot(view, course)->sums.learners);
    json_put_int(out, "totalContent", def->item_count);
    json_put_int(out, "totalProgress", all.records);
    json_close(out, '}');
    json_put_open(out, "progressByStatus", '{');
    json_put_int(out, "completed", all.completed);
    json_put_int(out, "inProgress", all.in_progress);
    json_put_int(out, "notStarted", all.not_started);
    json_close(out, '}');
    json_put_open(out, "completionRates", '{');
    for (int i = 0; i < known; i++)
        json_put_hundredths(out, types[i].type, rounded_ratio(types[i].sums.completed, 10000, types[i].sums.records));
    json_close(out, '}');
    json_put_open(out, "averageTimeSpent", '{');
    for (int i = 0; i < known; i++)
        json_put_scaled(out, types[i].type,
                        rounded_ratio(types[i].sums.time_spent_ms, 100, 60000 * types[i].sums.records), 2);
    json_close(out, '}');
}

static void put_stats(struct request *request, struct view view, uint32_t course, int64_t page, int64_t limit)
{
    struct json_out out = {&request->out, false};
    const struct keys *roster = &view_course_slot(view, course)->roster;
    struct member *members = arena_alloc(&request->arena, (roster->count + 1) * sizeof *members);
    int64_t count = 0;

    for (uint32_t i = 0; members && i < roster->count; i++) {
        const struct learner *learner = view_learner(view, roster->at[i]);
        const struct enrolment *enrolment = learner ? learner_enrolment(learner, course) : NULL;
        const struct learner_slot *slot = view_learner_slot(view, roster->at[i]);
        if (enrolment)
            members[count++] = (struct member){learner, enrolment, slot_id(slot->id, slot->id_size)};
    }
    if (count)
        qsort(members, (size_t)count, sizeof *members, best_first);
    trk_open(&out, "Module progress statistics retrieved successfully");
    json_open(&out, '{');
    json_name(&out, "module");
    trk_put_module(&out, &request->arena, view, course);
    put_overview(&out, view, course);
    json_put_open(&out, "userProgressSummary", '[');
    for (int64_t i = limit ? (page - 1) * limit : 0; i < count && (!limit || i < page * limit); i++)
        put_member(&out, &request->arena, view, course, &members[i]);
    json_close(&out, ']');
    json_put_int(&out, "enrollments", count);
    json_close(&out, '}');
    json_close(&out, '}');
}

void trk_stats(struct request *request)
{
    struct fault fault = {NULL, NULL};
    int64_t page = 1, limit = 0;
    enum rc rc = request_id_param(request, 0, "moduleId", &fault);

    if (rc == RC_OK)
        rc = face_query_number(request, "page", 1, INT32_MAX, &page, &fault);
    if (rc == RC_OK)
        rc = face_query_number(request, "limit", 1, LIMIT_MAX, &limit, &fault);
    if (page > 1 && limit == 0)
        limit = 20;
    struct view view = image_read_begin(face_of(request)->image);
    if (rc == RC_OK) {
        struct text module = face_param(request, 0);
        uint32_t course = view_course_key(view, module.bytes, module.size);
        rc = face_may(request, view, ACCESS_COURSE_STAFF, (struct text){NULL, 0}, course, true, &fault);
        if (rc == RC_OK && !view_course(view, course))
            rc = fault_set(&fault, RC_NOT_FOUND, NULL, "Module not found");
        if (rc == RC_OK)
            put_stats(request, view, course, page, limit);
    }
    image_read_end(view);
    if (rc == RC_OK)
        face_reply_table(request, "data/userProgressSummary",
                         "user.id,user.username,user.email,completionPercentage,completedContent,totalTimeSpent,"
                         "enrollment.enrolledAt,enrollment.status,contentProgress");
    else
        request_fail(request, rc, &fault);
}

/* ---- labs and games ---- */

struct kind_query {
    const char *type;   /* lab or game */
    const char *plural; /* labs or games */
    const char *status; /* NULL: any */
    struct text module; /* bytes NULL: all */
};

struct kind_entry {
    uint32_t item, course;
    const struct record *record; /* NULL: not begun */
};

static const struct record *present(const struct learner *learner, uint32_t item)
{
    const struct record *record = learner ? learner_record(learner, item) : NULL;
    return record && record->flags & RECORD_PRESENT ? record : NULL;
}

/* Items of that type: those of the learner's modules, with a record or without, then courseless ones. */
static uint32_t collect_kind(struct view view, const struct learner *learner, const struct kind_query *query,
                             struct kind_entry *out, uint32_t room)
{
    uint32_t count = 0;

    for (uint32_t i = 0; learner && i < learner->enrolment_count; i++) {
        uint32_t course = learner->enrolments[i].course;
        const struct course_def *def = view_course(view, course);
        for (uint32_t k = 0; def && k < def->item_count && count < room; k++)
            if (strcasecmp(item_type(view_item(view, def->items[k])), query->type) == 0)
                out[count++] = (struct kind_entry){def->items[k], course, present(learner, def->items[k])};
    }
    for (uint32_t i = 0; learner && i < learner->record_count && count < room; i++) {
        const struct record *record = &learner->records[i];
        uint32_t course = view_item_facts(view, record->item).course;
        bool listed = course && learner_enrolment(learner, course);
        if (!listed && record->flags & RECORD_PRESENT &&
            strcasecmp(item_type(view_item(view, record->item)), query->type) == 0)
            out[count++] = (struct kind_entry){record->item, course, record};
    }
    return count;
}

static bool entry_passes(struct view view, const struct kind_query *query, const struct kind_entry *entry)
{
    if (query->status && strcmp(query->status, trk_status(entry->record)) != 0)
        return false;
    return !query->module.bytes ||
           (entry->course && entry->course == view_course_key(view, query->module.bytes, query->module.size));
}

static void put_entry(struct json_out *out, struct arena *arena, struct view view, const struct kind_entry *entry)
{
    const struct item_slot *slot = view_item_slot(view, entry->item);
    const struct item_def *def = view_item(view, entry->item);
    const struct record *record = entry->record;
    const char *title = def && def->title.size ? def->title.bytes : arena_printf(arena, "Content %s", slot->id);

    json_open(out, '{');
    json_put_text(out, "id", slot->id);
    json_put_text(out, "title", title);
    json_put_text(out, "description", "");
    json_put_text(out, "section", def ? def->section.bytes : NULL);
    json_name(out, "duration");
    if (def && def->duration_ms)
        json_scaled(out, rounded_ratio(def->duration_ms, 100, 60000), 2);
    else
        json_null_value(out);
    json_name(out, "module");
    if (entry->course)
        trk_put_module(out, arena, view, entry->course);
    else
        json_null_value(out);
    json_put_open(out, "progress", '{');
    json_put_text(out, "status", trk_status(record));
    json_put_int(out, "progressPercentage", record ? rounded_ratio(record->percent_hundredths, 1, 100) : 0);
    json_put_instant(out, "startedAt", record ? record->started_at_ms : INSTANT_NEVER);
    json_put_instant(out, "completedAt", record ? record->completed_at_ms : INSTANT_NEVER);
    trk_put_minutes(out, "timeSpent", record ? record->time_spent_ms : 0);
    json_name(out, "score");
    if (record && record->flags & RECORD_SCORE)
        json_scaled(out, record->score_e4, 4);
    else
        json_null_value(out);
    json_name(out, "maxScore");
    if (record && record->flags & RECORD_MAX_SCORE)
        json_scaled(out, record->max_score_e4, 4);
    else
        json_null_value(out);
    json_close(out, '}');
    json_close(out, '}');
}

static void put_list(struct json_out *out, struct arena *arena, struct view view, const struct kind_query *query,
                     const struct kind_entry *entries, uint32_t count, uint32_t only_course)
{
    struct trk_sums sums = {0};

    json_put_open(out, query->plural, '[');
    for (uint32_t i = 0; i < count; i++)
        if (entry_passes(view, query, &entries[i]) && (!only_course || entries[i].course == only_course)) {
            put_entry(out, arena, view, &entries[i]);
            trk_sums_add(&sums, entries[i].record);
        }
    json_close(out, ']');
    trk_put_statistics(out, "statistics", &sums, true);
}

static void put_kind(struct request *request, struct view view, struct text user, const struct kind_query *query)
{
    struct json_out out = {&request->out, false};
    const struct learner *learner = view_learner(view, view_learner_key(view, user.bytes, user.size));
    uint32_t room = learner ? learner->record_count : 0;

    for (uint32_t i = 0; learner && i < learner->enrolment_count; i++)
        room += view_course_facts(view, learner->enrolments[i].course).items;
    struct kind_entry *entries = arena_alloc(&request->arena, (room + 1) * sizeof *entries);
    uint32_t count = entries ? collect_kind(view, learner, query, entries, room) : 0;
    trk_open(&out, query->type[0] == 'l' ? "Labs progress retrieved successfully"
                                         : "Games progress retrieved successfully");
    json_open(&out, '{');
    put_list(&out, &request->arena, view, query, entries, count, 0);
    json_put_open(&out, "modules", '[');
    for (uint32_t i = 0; learner && i < learner->enrolment_count; i++) {
        uint32_t course = learner->enrolments[i].course;
        bool has = false;
        for (uint32_t k = 0; k < count && !has; k++)
            has = entries[k].course == course && entry_passes(view, query, &entries[k]);
        if (!has)
            continue;
        json_open(&out, '{');
        json_name(&out, "module");
        trk_put_module(&out, &request->arena, view, course);
        json_name(&out, "enrollment");
        trk_put_enrolment(&out, &request->arena, view, &learner->enrolments[i]);
        put_list(&out, &request->arena, view, query, entries, count, course);
        json_close(&out, '}');
    }
    json_close(&out, ']');
    json_close(&out, '}');
    json_close(&out, '}');
}

static void read_kind(struct request *request, const char *type, const char *plural)
{
    struct fault fault = {NULL, NULL};
    struct kind_query query = {.type = type, .plural = plural};
    enum rc rc = request_id_param(request, 0, "userId", &fault);

    if (rc == RC_OK)
        rc = request_query(request, "status", &query.status, &fault);
    if (rc == RC_OK && query.status && strcmp(query.status, "not-started") != 0 &&
        strcmp(query.status, "in-progress") != 0 && strcmp(query.status, "completed") != 0)
        rc = fault_set(&fault, RC_INVALID, "status", "must be not-started, in-progress or completed");
    if (rc == RC_OK)
        rc = face_query_id(request, "moduleId", &query.module, &fault);
    struct view view = image_read_begin(face_of(request)->image);
    if (rc == RC_OK)
        rc = face_may(request, view, ACCESS_PERSON, face_param(request, 0), 0, false, &fault);
    if (rc == RC_OK)
        put_kind(request, view, face_param(request, 0), &query);
    face_end_read(request, view, rc, &fault);
}

void trk_labs(struct request *request)
{
    read_kind(request, "lab", "labs");
}

void trk_games(struct request *request)
{
    read_kind(request, "game", "games");
}
