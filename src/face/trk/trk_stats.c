#include "face/trk/trk.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/roster.h"
#include "base/ident.h"
#include "face/body.h"
#include "face/csv.h"
#include "face/face.h"
#include "face/read.h"
#include "face/show.h"
#include "face/snapshot.h"
#include "face/steps.h"
#include "face/trk/trk_encode.h"

/* GET /api/progress/stats/:moduleId, and a learner's labs and games. Contract 4. */

enum { LIMIT_MAX = 100, FEW_LEARNERS = 25, TURNS_A_STEP = 64 };

/* ---- stats ---- */

static const char stats_columns[] =
    "user.id,user.username,user.email,completionPercentage,completedContent,totalTimeSpent,"
    "enrollment.enrolledAt,enrollment.status,contentProgress";

struct stats_read {
    struct request *request;
    uint32_t course;
    int64_t page, limit; /* limit 0: all */
    bool table;          /* rows of a table, else JSON */
    enum { STATS_ROSTER, STATS_TYPES, STATS_HEAD, STATS_MEMBER, STATS_RECORDS, STATS_END } phase;
    struct roster *roster;
    const struct course_def *def;
    struct trk_types types;
    struct item_sums all;
    uint32_t at; /* item, then record */
    size_t row;  /* of the roster */
    struct member member;
    struct buf cells; /* a row's JSON, of a table */
    struct json_out out;
};

/* Best first: what is completed of the required, then of all. */
static bool take_member(const void *arg, struct view view, const struct learner *learner,
                        const struct enrolment *enrolment, int64_t out_by[2])
{
    (void)arg;
    (void)view;
    (void)learner;
    out_by[0] = -(int64_t)enrolment->completed_required;
    out_by[1] = -(int64_t)enrolment->completed_items;
    return true;
}

/* The course's sums by type, from the items' sums: the same work however many learners there are. */
static enum rc sum_types(struct stats_read *read, struct view view)
{
    const struct course_def *def = read->def;

    for (uint32_t steps = STEPS_A_HOLD; read->at < def->item_count && steps > 0; read->at++, steps--) {
        const struct item_sums *of_item = &view_item_slot(view, def->items[read->at])->sums;
        struct item_sums *of_type =
            trk_type_sums(&read->types, item_type(view_item(view, def->items[read->at])));
        if (!of_type)
            return RC_BUSY;
        read->all.records += of_item->records;
        read->all.completed += of_item->completed;
        read->all.in_progress += of_item->in_progress;
        read->all.not_started += of_item->not_started;
        of_type->records += of_item->records;
        of_type->completed += of_item->completed;
        of_type->time_spent_ms += of_item->time_spent_ms;
    }
    if (read->at == def->item_count)
        read->phase = STATS_HEAD;
    return RC_OK;
}

static void put_overview(struct stats_read *read)
{
    struct json_out *out = &read->out;
    const struct trk_types *types = &read->types;

    json_put_open(out, "overview", '{');
    json_put_int(out, "totalUsers", (int64_t)roster_total(read->roster));
    json_put_int(out, "totalContent", read->def->item_count);
    json_put_int(out, "totalProgress", read->all.records);
    json_close(out, '}');
    json_put_open(out, "progressByStatus", '{');
    json_put_int(out, "completed", read->all.completed);
    json_put_int(out, "inProgress", read->all.in_progress);
    json_put_int(out, "notStarted", read->all.not_started);
    json_close(out, '}');
    json_put_open(out, "completionRates", '{');
    for (uint32_t i = 0; i < types->count; i++)
        json_put_hundredths(out, types->at[i].name,
                            rounded_ratio(types->at[i].sums.completed, 10000, types->at[i].sums.records));
    json_close(out, '}');
    json_put_open(out, "averageTimeSpent", '{');
    for (uint32_t i = 0; i < types->count; i++)
        json_put_scaled(
            out, types->at[i].name,
            rounded_ratio(types->at[i].sums.time_spent_ms, 100, 60000 * types->at[i].sums.records), 2);
    json_close(out, '}');
}

static void put_stats_head(struct stats_read *read, struct view view)
{
    read->phase = STATS_MEMBER;
    if (read->table) {
        buf_text(read->out.buf, stats_columns);
        buf_text(read->out.buf, "\r\n");
        return;
    }
    trk_open(&read->out, "Module progress statistics retrieved successfully");
    json_open(&read->out, '{');
    json_name(&read->out, "module");
    trk_put_module(&read->out, &read->request->arena, view, read->course);
    put_overview(read);
    json_put_open(&read->out, "userProgressSummary", '[');
}

static void put_member_head(struct stats_read *read, struct json_out *out)
{
    const struct member *member = &read->member;
    uint32_t hundredths =
        course_percent_hundredths(member->enrolment->completed_required, member->facts.required);
    wide ms = 0;

    for (uint32_t i = 0; i < member->record_count; i++)
        ms += member->records[i]->time_spent_ms;
    json_open(out, '{');
    json_put_open(out, "user", '{');
    json_put_text(out, "id", member->id.bytes);
    json_put_text(out, "username", member->id.bytes);
    json_put_null(out, "email");
    json_close(out, '}');
    json_put_int(out, "completionPercentage", trk_percent(hundredths, hundredths == 10000));
    json_put_int(out, "completedContent", member->enrolment->completed_items);
    trk_put_minutes(out, "totalTimeSpent", ms);
    json_put_open(out, "enrollment", '{');
    json_put_instant(out, "enrolledAt", member->enrolment->enrolled_at_ms);
    json_put_text(out, "status", trk_state(enrolment_state(member->enrolment, &member->facts)));
    json_close(out, '}');
    json_put_open(out, "contentProgress", '[');
}

/* The next of the page: their records are picked, then listed. */
static enum rc open_member(struct stats_read *read, struct fault *fault)
{
    struct model *model = face_of(read->request)->model;
    struct member *member = &read->member;
    bool picked = false;

    if (!member->state) {
        if (read->row == roster_count(read->roster)) {
            read->phase = STATS_END;
            return RC_OK;
        }
        member_open(member, model, roster_entry(read->roster, read->row).learner, read->course);
        if (!member->enrolment) { /* erased meanwhile */
            member_done(member);
            read->row++;
            return RC_OK;
        }
    }
    enum rc rc = member_pick(member, model, true, &picked, fault);
    if (rc == RC_OK && picked) {
        struct json_out row = {&read->cells, false};
        put_member_head(read, read->table ? &row : &read->out);
        read->phase = STATS_RECORDS;
        read->at = 0;
    }
    return rc;
}

static void put_member_records(struct stats_read *read, struct view view)
{
    const struct member *member = &read->member;
    struct json_out row = {&read->cells, read->at > 0}, *out = read->table ? &row : &read->out;

    for (uint32_t steps = STEPS_A_HOLD; read->at < member->record_count && steps > 0; read->at++, steps--) {
        const struct record *record = member->records[read->at];
        json_open(out, '{');
        json_put_text(out, "contentId", view_item_slot(view, record->item)->id);
        json_put_text(out, "status", trk_status(record));
        json_put_int(out, "progressPercentage",
                     trk_percent(record->percent_hundredths, record->status == ITEM_COMPLETED));
        trk_put_minutes(out, "timeSpent", record->time_spent_ms);
        json_put_instant(out, "completedAt", record->completed_at_ms);
        json_close(out, '}');
    }
    if (read->at < member->record_count)
        return;
    json_close(out, ']');
    json_close(out, '}');
    if (read->table) {
        read->out.buf->failed |= read->cells.failed;
        csv_members(read->out.buf, read->cells.bytes, read->cells.size, false);
        buf_text(read->out.buf, "\r\n");
        buf_clear(&read->cells);
    }
    member_done(&read->member);
    read->member = (struct member){0};
    read->row++;
    read->phase = STATS_MEMBER;
}

static void put_stats_end(struct stats_read *read)
{
    if (read->table)
        return;
    json_close(&read->out, ']');
    json_put_int(&read->out, "enrollments", (int64_t)roster_total(read->roster));
    json_close(&read->out, '}');
    json_close(&read->out, '}');
}

/* One turn of the phase it is in, under the lock where the phase needs it. */
static enum rc stats_turn(struct stats_read *read, struct fault *fault)
{
    struct model *model = face_of(read->request)->model;
    bool sorted = false;
    enum rc rc = RC_OK;

    if (read->phase == STATS_ROSTER) {
        rc = roster_step(read->roster, &sorted, fault);
        read->phase = sorted ? STATS_TYPES : STATS_ROSTER;
    } else if (read->phase == STATS_MEMBER) {
        rc = open_member(read, fault);
    } else {
        struct view view = model_read_begin(model);
        if (read->phase == STATS_TYPES)
            rc = sum_types(read, view) == RC_OK ? RC_OK : fault_no_memory(fault);
        else if (read->phase == STATS_HEAD)
            put_stats_head(read, view);
        else
            put_member_records(read, view);
        model_read_end(view);
    }
    return rc;
}

static enum rc stats_step(void *state, struct buf *out, bool *out_last, struct fault *fault)
{
    struct stats_read *read = state;
    enum rc rc = RC_OK;

    read->out.buf = out;
    for (int turns = 0; turns < TURNS_A_STEP && rc == RC_OK && read->phase != STATS_END; turns++)
        rc = stats_turn(read, fault);
    if (rc == RC_OK && read->phase == STATS_END) {
        put_stats_end(read);
        *out_last = true;
    }
    return rc;
}

static void stats_free(void *state)
{
    struct stats_read *read = state;

    member_done(&read->member);
    roster_free(read->roster);
    course_def_unref(read->def);
    buf_done(&read->cells);
}

/* Whose statistics; *out_small: few enough for an event loop. */
static enum rc open_stats(struct request *request, struct stats_read *read, bool *out_small,
                          struct fault *fault)
{
    struct model *model = face_of(request)->model;
    struct text module = face_param(request, 0);
    struct view view = model_read_begin(model);
    uint32_t course = view_course_key(view, module.bytes, module.size), learners = 0;
    enum rc rc = face_may(request, view, ACCESS_COURSE_STAFF, (struct text){NULL, 0}, course, true, fault);

    if (rc == RC_OK && !view_course(view, course))
        rc = fault_set(fault, RC_NOT_FOUND, NULL, "Module not found");
    if (rc == RC_OK) {
        read->def = course_def_ref(view_course(view, course));
        learners = view_course_slot(view, course)->roster.count;
    }
    model_read_end(view);
    if (rc != RC_OK)
        return rc;
    struct roster_query query = {.course = course, .take = take_member, .count = UINT64_MAX};
    if (read->limit) {
        query.first = (uint64_t)(read->page - 1) * (uint64_t)read->limit;
        query.count = (uint64_t)read->limit;
    }
    read->request = request;
    read->course = course;
    read->types.arena = &request->arena;
    *out_small = learners <= FEW_LEARNERS && read->def->item_count <= LARGE_READ;
    return roster_new(model, &query, &read->roster, fault);
}

void trk_stats(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct stats_read *read = arena_alloc(&request->arena, sizeof *read);
    bool small = false;
    enum rc rc = read ? request_id_param(request, 0, "moduleId", &fault) : fault_no_memory(&fault);

    if (rc == RC_OK) {
        *read = (struct stats_read){.page = 1, .table = csv_wanted(request)};
        rc = face_query_number(request, "page", 1, INT32_MAX, &read->page, &fault);
    }
    if (rc == RC_OK)
        rc = face_query_number(request, "limit", 1, LIMIT_MAX, &read->limit, &fault);
    if (rc == RC_OK && read->page > 1 && read->limit == 0)
        read->limit = 20;
    if (rc == RC_OK)
        rc = open_stats(request, read, &small, &fault);
    if (rc == RC_OK) {
        const char *type = read->table ? CSV_TYPE : "application/json";
        face_stream(request, &(struct face_source){stats_step, stats_free, read, type, small});
        return;
    }
    if (read)
        stats_free(read);
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

/* The learner's modules one after the other, each item of the type; then what they did outside of them.
 * Twice: all in one list, then module by module. */
struct kind_read {
    struct request *request;
    struct kind_query query;
    struct snapshot snapshot;
    uint32_t module_key; /* 0: unknown */
    enum { KIND_LIST, KIND_REST, KIND_SEEK, KIND_MODULE, KIND_END } phase;
    uint32_t enrolment, at;
    const struct course_def *def; /* of the enrolment being walked */
    struct trk_sums sums;
    struct json_out out;
    bool begun;
};

static const struct record *present(const struct learner *learner, uint32_t item)
{
    const struct record *record = learner_record(learner, item);
    return record && record->flags & RECORD_PRESENT ? record : NULL;
}

static void put_entry(struct json_out *out, struct arena *arena, struct view view,
                      const struct kind_entry *entry)
{
    const struct item_slot *slot = view_item_slot(view, entry->item);
    const struct item_def *def = view_item(view, entry->item);
    const struct record *record = entry->record;
    const char *title =
        def && def->title.size ? def->title.bytes : arena_printf(arena, "Content %s", slot->id);

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
    json_put_int(out, "progressPercentage",
                 record ? trk_percent(record->percent_hundredths, record->status == ITEM_COMPLETED) : 0);
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

static bool status_passes(const struct kind_query *query, const struct record *record)
{
    return !query->status || strcmp(query->status, trk_status(record)) == 0;
}

/* Whether there is a next module to walk; its definition is kept. */
static bool at_module(struct kind_read *read, struct view view)
{
    const struct learner *learner = read->snapshot.learner;

    for (; !read->def && learner && read->enrolment < learner->enrolment_count; read->enrolment++) {
        uint32_t course = learner->enrolments[read->enrolment].course;
        if (read->query.module.bytes && course != read->module_key)
            continue;
        read->def = course_def_ref(view_course(view, course));
        read->at = 0;
        if (read->def)
            break;
    }
    return read->def != NULL;
}

static void leave_module(struct kind_read *read)
{
    course_def_unref(read->def);
    read->def = NULL;
    read->at = 0;
    read->enrolment++;
}

/* The item of the module being walked, if it is one to show. */
static bool kind_at(struct kind_read *read, struct view view, struct kind_entry *out)
{
    uint32_t item = read->def->items[read->at];

    *out = (struct kind_entry){item, read->snapshot.learner->enrolments[read->enrolment].course,
                               present(read->snapshot.learner, item)};
    return strcasecmp(item_type(view_item(view, item)), read->query.type) == 0 &&
           status_passes(&read->query, out->record);
}

/* Items of the module from where the walk is; true when the module is over. */
static bool list_items(struct kind_read *read, struct view view, struct arena *scratch, uint32_t *steps)
{
    struct kind_entry entry;

    for (; read->at<read->def->item_count && * steps> 0; read->at++, --*steps)
        if (kind_at(read, view, &entry)) {
            put_entry(&read->out, scratch, view, &entry);
            trk_sums_add(&read->sums, entry.record);
        }
    return read->at == read->def->item_count;
}

/* What the learner did in no module of theirs; true when that was all. */
static bool list_rest(struct kind_read *read, struct view view, struct arena *scratch, uint32_t *steps)
{
    const struct learner *learner = read->snapshot.learner;

    for (; learner && read->at<learner->record_count && * steps> 0; read->at++, --*steps) {
        const struct record *record = &learner->records[read->at];
        uint32_t course = view_item_facts(view, record->item).course;
        if (!(record->flags & RECORD_PRESENT) || (course && learner_enrolment(learner, course)) ||
            strcasecmp(item_type(view_item(view, record->item)), read->query.type) != 0 ||
            !status_passes(&read->query, record) ||
            (read->query.module.bytes && (!course || course != read->module_key)))
            continue;
        put_entry(&read->out, scratch, view, &(struct kind_entry){record->item, course, record});
        trk_sums_add(&read->sums, record);
    }
    return !learner || read->at == learner->record_count;
}

/* Looks for the first item to show of the modules that are left; true when the walk is at one, or at the end.
 */
static bool seek_module(struct kind_read *read, struct view view, uint32_t *steps)
{
    struct kind_entry entry;

    while (*steps > 0 && at_module(read, view)) {
        for (; read->at<read->def->item_count && * steps> 0; read->at++, --*steps)
            if (kind_at(read, view, &entry))
                return true;
        if (read->at == read->def->item_count) {
            leave_module(read);
            --*steps;
        }
    }
    return *steps > 0;
}

static void end_list(struct kind_read *read)
{
    json_close(&read->out, ']');
    trk_put_statistics(&read->out, "statistics", &read->sums, true);
    read->sums = (struct trk_sums){0};
}

static void put_module_head(struct kind_read *read, struct view view, struct arena *scratch)
{
    const struct enrolment *enrolment = &read->snapshot.learner->enrolments[read->enrolment];

    json_open(&read->out, '{');
    json_name(&read->out, "module");
    trk_put_module(&read->out, scratch, view, enrolment->course);
    json_name(&read->out, "enrollment");
    trk_put_enrolment(&read->out, scratch, view, enrolment);
    json_put_open(&read->out, read->query.plural, '[');
}

/* Goes on in the phase it is in, to its end or as far as the steps reach. */
static void kind_turn(struct kind_read *read, struct view view, struct arena *scratch, uint32_t *steps)
{
    switch (read->phase) {
    case KIND_LIST:
        if (!at_module(read, view)) {
            read->at = 0;
            read->phase = KIND_REST;
        } else if (list_items(read, view, scratch, steps)) {
            leave_module(read);
            *steps -= *steps > 0;
        }
        return;
    case KIND_REST:
        if (!list_rest(read, view, scratch, steps))
            return;
        end_list(read);
        json_put_open(&read->out, "modules", '[');
        read->enrolment = read->at = 0;
        read->phase = KIND_SEEK;
        return;
    case KIND_SEEK:
        if (!seek_module(read, view, steps))
            return;
        read->phase = read->def ? KIND_MODULE : KIND_END;
        if (read->def)
            put_module_head(read, view, scratch);
        return;
    case KIND_MODULE:
        if (!list_items(read, view, scratch, steps))
            return;
        end_list(read);
        json_close(&read->out, '}');
        leave_module(read);
        read->phase = KIND_SEEK;
        return;
    case KIND_END:
        return;
    }
}

static enum rc kind_step(void *state, struct buf *out, bool *out_last, struct fault *fault)
{
    struct kind_read *read = state;
    struct arena scratch;
    uint32_t steps = STEPS_A_HOLD;

    (void)fault;
    read->out.buf = out;
    if (!read->begun) {
        read->begun = true;
        trk_open(&read->out, read->query.type[0] == 'l' ? "Labs progress retrieved successfully"
                                                        : "Games progress retrieved successfully");
        json_open(&read->out, '{');
        json_put_open(&read->out, read->query.plural, '[');
    }
    arena_init(&scratch);
    struct view view = model_read_begin(face_of(read->request)->model);
    while (steps > 0 && read->phase != KIND_END)
        kind_turn(read, view, &scratch, &steps);
    model_read_end(view);
    arena_done(&scratch);
    *out_last = read->phase == KIND_END;
    if (*out_last) {
        json_close(&read->out, ']');
        json_close(&read->out, '}');
        json_close(&read->out, '}');
    }
    return RC_OK;
}

static void kind_free(void *state)
{
    struct kind_read *read = state;

    course_def_unref(read->def);
    snapshot_done(&read->snapshot);
}

static enum rc decode_kind(struct request *request, struct kind_query *query, struct fault *fault)
{
    const char *module = NULL;
    enum rc rc = request_query(request, "status", &query->status, fault);

    if (rc == RC_OK && query->status && strcmp(query->status, "not-started") != 0 &&
        strcmp(query->status, "in-progress") != 0 && strcmp(query->status, "completed") != 0)
        rc = fault_set(fault, RC_INVALID, "status", "must be not-started, in-progress or completed");
    if (rc == RC_OK)
        rc = request_query(request, "moduleId", &module, fault);
    if (rc != RC_OK || !module)
        return rc;
    return trk_module_query(request, module, &query->module, fault);
}

/* Whose, and how much: *out_small. */
static enum rc open_kind(struct request *request, struct kind_read *read, bool *out_small,
                         struct fault *fault)
{
    struct text user = face_param(request, 0);
    struct view view = model_read_begin(face_of(request)->model);
    uint64_t work = 0;
    bool with_logs = false;

    read->request = request;
    read->module_key = view_course_key(view, read->query.module.bytes ? read->query.module.bytes : "",
                                       read->query.module.size);
    enum rc rc = trk_may_see(request, view, read->query.module, read->module_key, &with_logs, fault);
    if (rc == RC_OK)
        snapshot_take(view, view_learner_key(view, user.bytes, user.size), &read->snapshot);
    const struct learner *learner = read->snapshot.learner;
    if (learner)
        work = learner->record_count + learner->enrolment_count;
    for (uint32_t i = 0; learner && i < learner->enrolment_count && work <= LARGE_READ; i++)
        work += view_course_facts(view, learner->enrolments[i].course).items;
    model_read_end(view);
    *out_small = 2 * work <= LARGE_READ;
    return rc;
}

static void read_kind(struct request *request, const char *type, const char *plural)
{
    struct fault fault = {NULL, NULL};
    struct kind_read *read = arena_alloc(&request->arena, sizeof *read);
    bool small = false;
    enum rc rc = read ? request_id_param(request, 0, "userId", &fault) : fault_no_memory(&fault);

    if (rc == RC_OK) {
        *read = (struct kind_read){.query = {.type = type, .plural = plural}};
        rc = decode_kind(request, &read->query, &fault);
    }
    if (rc == RC_OK)
        rc = open_kind(request, read, &small, &fault);
    if (rc == RC_OK)
        face_stream(request, &(struct face_source){kind_step, kind_free, read, "application/json", small});
    else
        request_fail(request, rc, &fault);
}

void trk_labs(struct request *request)
{
    read_kind(request, "lab", "labs");
}

void trk_games(struct request *request)
{
    read_kind(request, "game", "games");
}
