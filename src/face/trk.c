#include "face/trk.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/history.h"
#include "base/ident.h"
#include "base/instant.h"
#include "face/csv.h"
#include "face/face.h"
#include "face/logs_out.h"
#include "face/trk_out.h"

enum { TYPES_MAX = 64 };

/* ---- GET /api/progress/:userId: trk's list and logs' in one body ---- */

struct user_query {
    const char *type, *status;
    struct text module;
    uint32_t module_key; /* 0: unknown */
    int64_t limit; /* 0: all */
    struct logs_range logs;
    /* Where the last page ended: the next begins after it. */
    bool paged;
    long long record_ms, log_ms;
    unsigned long long record_id, log_id;
};

static enum rc read_cursor(struct request *request, struct user_query *query, struct fault *fault)
{
    const char *text;
    char end;
    enum rc rc = request_query(request, "cursor", &text, fault);

    if (rc != RC_OK || !text)
        return rc;
    query->paged = true;
    if (sscanf(text, "%lld.%llu.%lld.%llu%c", &query->record_ms, &query->record_id, &query->log_ms, &query->log_id,
               &end) != 4)
        return fault_set(fault, RC_INVALID, "cursor", "must be the nextCursor of an earlier answer");
    return RC_OK;
}

static enum rc read_user_query(struct request *request, struct user_query *query, struct fault *fault)
{
    enum rc rc = request_query(request, "contentType", &query->type, fault);

    if (rc == RC_OK)
        rc = request_query(request, "status", &query->status, fault);
    if (rc == RC_OK && query->status && strcmp(query->status, "not-started") != 0 &&
        strcmp(query->status, "in-progress") != 0 && strcmp(query->status, "completed") != 0)
        rc = fault_set(fault, RC_INVALID, "status", "must be not-started, in-progress or completed");
    if (rc == RC_OK)
        rc = face_query_id(request, "moduleId", &query->module, fault);
    if (rc == RC_OK)
        rc = face_query_number(request, "limit", 1, 1000, &query->limit, fault);
    if (rc == RC_OK)
        rc = read_cursor(request, query, fault);
    if (rc == RC_OK)
        rc = logs_query_range(request, &query->logs, fault);
    return rc;
}

static void find_module(struct view view, struct user_query *query)
{
    query->module_key = query->module.bytes ? view_course_key(view, query->module.bytes, query->module.size) : 0;
}

static bool passes(struct view view, const struct user_query *query, uint32_t module, const struct record *record)
{
    if (query->type && strcasecmp(query->type, item_type(view_item(view, record->item))) != 0)
        return false;
    if (query->status && strcmp(query->status, trk_status(record)) != 0)
        return false;
    return !query->module.bytes || (module && view_item_facts(view, record->item).course == module);
}

static bool after_cursor(const struct user_query *query, const struct record *record)
{
    return !query->paged || record->updated_at_ms < query->record_ms ||
           (record->updated_at_ms == query->record_ms && record->id < query->record_id);
}

/* Writes the records that pass; returns whether more follow the page. */
static bool put_records(struct request *request, struct view view, struct user_query *query, struct json_out *out,
                        struct text user, const struct learner *learner)
{
    uint32_t count = 0;
    int64_t written = 0;
    bool more = false;
    const struct record **records = learner ? records_of_learner(&request->arena, learner, &count) : NULL;
    struct trk_sums sums = {0};

    json_open(out, '{');
    json_put_open(out, "progress", '[');
    for (uint32_t i = 0; records && i < count; i++) {
        if (!passes(view, query, query->module_key, records[i]))
            continue;
        trk_sums_add(&sums, records[i]); /* over all that the filters leave */
        if (!after_cursor(query, records[i]))
            continue;
        if (query->limit && written == query->limit) {
            more = true;
            continue;
        }
        trk_put_record(out, &request->arena, view, user.bytes, records[i]);
        query->record_ms = records[i]->updated_at_ms;
        query->record_id = records[i]->id;
        written++;
    }
    json_close(out, ']');
    trk_put_statistics(out, "statistics", &sums, false);
    json_close(out, '}');
    return more;
}

/* The end of both lists, and where the next page begins. */
static void end_user(struct request *request, const struct user_query *query, const struct logs_page *page, bool more,
                     struct json_out *out)
{
    json_close(out, ']');
    if (more || page->more)
        json_put_text(out, "nextCursor",
                      arena_printf(&request->arena, "%lld.%llu.%lld.%llu", query->record_ms, query->record_id,
                                   (long long)page->last_ms, (unsigned long long)page->last_id));
    json_close(out, '}');
}

/* May the caller see the whole person, or (staff, with moduleId) the records of an own course? */
static enum rc may_see(struct request *request, struct view view, struct text user, const struct user_query *query,
                       bool *out_logs, struct fault *fault)
{
    enum rc rc = face_may(request, view, ACCESS_PERSON, user, 0, false, fault);

    *out_logs = rc == RC_OK;
    if (rc == RC_OK || !query->module.bytes)
        return rc;
    return face_may(request, view, ACCESS_COURSE_RECORD, user, query->module_key, true, fault);
}

/* ---- the same as it was: as_of ---- */

/* Both lists as of a bound; the learner, ADMIN and SYSTEM alone. Source: contract 5, as_of. */
static enum rc put_user_past(struct request *request, const char *as_of, uint32_t key, struct user_query *query,
                             struct fault *fault)
{
    const struct past *past = engine_past(face_of(request)->engine);
    struct json_out out = {&request->out, false};
    struct text user = face_param(request, 0);
    struct logs_page page = {query->paged, query->log_ms, query->log_id, query->limit, false};
    struct image *image = NULL;
    struct log_entries entries = {0};
    struct bound bound;
    enum rc rc = history_bound(past, key, as_of, "as_of", &bound, fault);

    if (rc == RC_OK && key)
        rc = history_image(past, key, &bound, &image, fault);
    if (rc == RC_OK && key)
        rc = history_logs(past, key, &bound, &entries, fault);
    if (rc == RC_OK) {
        struct view view = {image, false};
        trk_open(&out, "User progress retrieved successfully");
        bool more = put_records(request, view, query, &out, user, image ? view_learner(view, key) : NULL);
        json_put_open(&out, "progress_logs", '[');
        logs_put_past(face_of(request), entries.at, entries.count, &query->logs, user.bytes, &page, &out);
        end_user(request, query, &page, more, &out);
    }
    image_free(image);
    log_entries_done(&entries);
    return rc;
}

static enum rc work_user_past(struct request *request, struct fault *fault)
{
    struct user_query query = {.record_ms = INT64_MAX, .log_ms = INT64_MAX};
    const char *as_of = NULL;
    enum rc rc = read_user_query(request, &query, fault);

    if (rc == RC_OK)
        rc = request_query(request, "as_of", &as_of, fault);
    if (rc != RC_OK)
        return rc;
    struct view view = image_read_begin(face_of(request)->image);
    rc = face_may(request, view, ACCESS_PERSON, face_param(request, 0), 0, false, fault);
    uint32_t key = view_learner_key(view, request->params[0].bytes, request->params[0].size);
    find_module(view, &query);
    image_read_end(view);
    return rc == RC_OK ? put_user_past(request, as_of, key, &query, fault) : rc;
}

static void reply_user(struct request *request)
{
    face_reply_table(request, "progress_logs", "log_id,user_id,date,created_at,updated_at");
}

/* ---- as it is ---- */

void trk_user(struct request *request)
{
    struct face_context *context = face_of(request);
    struct json_out out = {&request->out, false};
    struct fault fault = {NULL, NULL};
    struct user_query query = {.record_ms = INT64_MAX, .log_ms = INT64_MAX};
    bool with_logs = false, more = false;
    const char *as_of = NULL;
    uint32_t key = 0;
    enum rc rc = request_id_param(request, 0, "userId", &fault);

    if (rc == RC_OK)
        rc = request_query(request, "as_of", &as_of, &fault);
    if (rc == RC_OK && as_of) {
        face_work(request, work_user_past, reply_user);
        return;
    }
    if (rc == RC_OK)
        rc = read_user_query(request, &query, &fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    struct text user = face_param(request, 0);
    struct view view = image_read_begin(context->image);
    find_module(view, &query);
    rc = may_see(request, view, user, &query, &with_logs, &fault);
    if (rc == RC_OK) {
        key = view_learner_key(view, user.bytes, user.size);
        trk_open(&out, "User progress retrieved successfully");
        more = put_records(request, view, &query, &out, user, view_learner(view, key));
    }
    image_read_end(view);
    if (rc == RC_OK) {
        struct logs_page page = {query.paged, query.log_ms, query.log_id, query.limit, false};
        json_put_open(&out, "progress_logs", '[');
        if (with_logs && key)
            rc = logs_put_all(context, key, &query.logs, user.bytes, &page, &out, &fault);
        end_user(request, &query, &page, more, &out);
    }
    if (rc == RC_OK)
        reply_user(request);
    else
        request_fail(request, rc, &fault);
}

/* ---- GET /api/progress/:userId/:moduleId ---- */

/* The four that are always there, then the learner's other types by first sight. */
static void put_types(struct json_out *out, struct view view, const struct record *const *records, uint32_t count)
{
    const char *types[TYPES_MAX] = {"video", "lab", "game", "document"};
    int64_t counts[TYPES_MAX] = {0};
    int known = 4;

    for (uint32_t i = 0; i < count; i++) {
        const char *type = item_type(view_item(view, records[i]->item));
        int at = 0;
        while (at < known && strcmp(types[at], type) != 0)
            at++;
        if (at == known && known < TYPES_MAX)
            types[known++] = type;
        if (at < TYPES_MAX)
            counts[at]++;
    }
    json_put_open(out, "progressByType", '{');
    for (int i = 0; i < known; i++)
        json_put_int(out, types[i], counts[i]);
    json_close(out, '}');
}

static void put_module(struct request *request, struct view view, struct text user, uint32_t course)
{
    struct json_out out = {&request->out, false};
    const struct learner *learner = view_learner(view, view_learner_key(view, user.bytes, user.size));
    const struct enrolment *enrolment = learner ? learner_enrolment(learner, course) : NULL;
    struct course_facts facts = view_course_facts(view, course);
    uint32_t count = 0;
    wide ms = 0;
    const struct record **records = learner ? records_of_course(&request->arena, view, learner, course, &count) : NULL;

    trk_open(&out, "Module progress retrieved successfully");
    json_open(&out, '{');
    json_name(&out, "module");
    trk_put_module(&out, &request->arena, view, course);
    json_name(&out, "enrollment");
    trk_put_enrolment(&out, &request->arena, view, enrolment);
    json_put_open(&out, "progress", '[');
    for (uint32_t i = 0; i < count; i++) {
        trk_put_record(&out, &request->arena, view, user.bytes, records[i]);
        ms += records[i]->time_spent_ms;
    }
    json_close(&out, ']');
    json_put_open(&out, "statistics", '{');
    json_put_int(&out, "totalContent", facts.items);
    json_put_int(&out, "completedContent", enrolment ? enrolment->completed_items : 0);
    json_put_int(&out, "completionPercentage",
                 rounded_ratio(enrolment ? course_percent_hundredths(enrolment->completed_required, facts.required) : 0,
                               1, 100));
    trk_put_minutes(&out, "totalTimeSpent", ms);
    put_types(&out, view, records, count);
    json_close(&out, '}');
    json_close(&out, '}');
    json_close(&out, '}');
}

void trk_module(struct request *request)
{
    struct fault fault = {NULL, NULL};
    uint32_t course = 0;
    enum rc rc = request_id_param(request, 0, "userId", &fault);

    if (rc == RC_OK)
        rc = request_id_param(request, 1, "moduleId", &fault);
    struct view view = image_read_begin(face_of(request)->image);
    if (rc == RC_OK) {
        struct text user = face_param(request, 0), module = face_param(request, 1);
        course = view_course_key(view, module.bytes, module.size);
        rc = face_may(request, view, ACCESS_COURSE_RECORD, user, course, true, &fault);
        if (rc == RC_OK && !view_course(view, course))
            rc = fault_set(&fault, RC_NOT_FOUND, NULL, "Module not found");
        if (rc == RC_OK)
            put_module(request, view, user, course);
    }
    face_end_read(request, view, rc, &fault);
}

/* ---- POST /api/progress ---- */

static void encode_record(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};
    const struct learner *learner = view_learner(view, command->learner_key);
    const struct record *record = learner ? learner_record(learner, command->reports[0].item_key) : NULL;
    bool completes = command->item_key != 0; /* set by trk_complete */

    trk_open(&out, completes ? "Content marked as completed successfully" : "Progress updated successfully");
    if (record)
        trk_put_record(&out, command->arena, view, command->learner.bytes, record);
    else
        json_null_value(&out);
    json_close(&out, '}');
    command->answer.status = completes ? 200 : 201;
    etag_of_record(record, command->answer.etag);
}

static enum rc decode_score(const struct body *body, struct report *report, struct fault *fault)
{
    json_t *score = body_get(body, "score"), *max = body_get(body, "maxScore");
    enum rc rc = RC_OK;

    if (score) {
        rc = json_in_scaled(score, "score", 4, 0, 1000000000, &report->score_e4, fault);
        report->has |= HAS_SCORE;
    }
    if (rc == RC_OK && max) {
        rc = json_in_scaled(max, "maxScore", 4, 0, 1000000000, &report->max_score_e4, fault);
        report->has |= HAS_MAX_SCORE;
    }
    if (rc == RC_OK && score && max && report->score_e4 > report->max_score_e4)
        rc = fault_set(fault, RC_INVALID, "score", "score must not be above maxScore");
    return rc;
}

static enum rc decode_type(struct request *request, const struct body *body, struct text *out, struct fault *fault)
{
    const char *type;
    json_t *value = body_get(body, "contentType");

    if (!value)
        return RC_OK;
    enum rc rc = json_in_text(value, "contentType", 64, &type, fault);
    if (rc == RC_OK && !*type)
        rc = fault_set(fault, RC_INVALID, "contentType", "must not be empty");
    if (rc == RC_OK)
        *out = (struct text){arena_copy(&request->arena, type, strlen(type)), (uint32_t)strlen(type)};
    return rc;
}

static enum rc decode_post(struct request *request, const struct body *body, struct item_report *out,
                           struct fault *fault)
{
    struct report *report = &out->report;
    int64_t number = 0;
    enum rc rc = face_id(request, body, "contentId", true, &out->item, fault);

    if (rc == RC_OK)
        rc = json_in_scaled(body_get(body, "progressPercentage"), "progressPercentage", 2, 0, 100, &number, fault);
    report->percent_hundredths = (uint16_t)number;
    report->has |= HAS_PERCENT;
    if (rc == RC_OK && body_get(body, "timeSpent")) { /* minutes in, milliseconds kept */
        rc = json_in_scaled(body_get(body, "timeSpent"), "timeSpent", 6, 0, REPORT_TIME_MAX_MS / 60000, &number, fault);
        report->time_spent_ms = rounded_ratio(number, 60, 1000);
        report->has |= HAS_TIME_SPENT;
    }
    if (rc == RC_OK)
        rc = decode_score(body, report, fault);
    if (rc == RC_OK)
        rc = face_id(request, body, "moduleId", false, &out->course, fault);
    if (rc == RC_OK)
        rc = decode_type(request, body, &out->type, fault);
    return rc;
}

static void submit_report(struct request *request, struct text user, const struct item_report *report, bool completes)
{
    static const struct fault memory = {NULL, "out of memory"};
    struct command *command = face_command(request, CMD_REPORTS, FACE_TRK, user);

    if (!command || !face_reports(request, command, 1)) {
        request_fail(request, RC_BUSY, &memory);
        return;
    }
    command->reports[0] = *report;
    command->item_key = completes;
    command->all_or_nothing = true;
    face_submit(request, command, encode_record);
}

void trk_post(struct request *request)
{
    const struct caller *caller = face_caller(request);
    struct fault fault = {NULL, NULL};
    struct item_report report = {.rc = RC_OK};
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = face_body(request, BODY_PLAIN, SPELLING_EXACT, &body, &fault);

    if (rc == RC_OK)
        rc = decode_post(request, &body, &report, &fault);
    if (rc == RC_OK)
        submit_report(request, (struct text){caller->id, caller->id_size}, &report, false);
    else
        request_fail(request, rc, &fault);
}

/* ---- PUT /api/progress/:id/complete ---- */

/* The record that an id names, if it is there. */
static enum rc find_record(struct request *request, struct view view, struct text *out_user, struct text *out_item,
                           struct fault *fault)
{
    struct text id = face_param(request, 0);
    int64_t number = 0;
    uint32_t owner = 0;
    const struct record *record = NULL;

    if (ident_integer(id.bytes, id.size, &number) && number > 0 && number < view.image->record_room)
        owner = view.image->record_owner[number];
    const struct learner *learner = view_learner(view, owner);
    for (uint32_t i = 0; learner && i < learner->record_count; i++)
        if (learner->records[i].id == number && learner->records[i].flags & RECORD_PRESENT)
            record = &learner->records[i];
    const struct learner_slot *slot = view_learner_slot(view, owner);
    struct text user = slot ? slot_id(slot->id, slot->id_size) : (struct text){NULL, 0};
    if (record) {
        enum rc rc = face_may(request, view, ACCESS_OWN, user, 0, false, fault);
        if (rc != RC_OK)
            return rc;
    } else {
        return fault_set(fault, RC_NOT_FOUND, NULL, "Progress not found");
    }
    const struct item_slot *item = view_item_slot(view, record->item);
    *out_user = user;
    *out_item = slot_id(item->id, item->id_size);
    return RC_OK;
}

void trk_complete(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct item_report report = {.report = {.has = HAS_STATUS, .status = ITEM_COMPLETED}};
    struct text user = {NULL, 0};
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = request_id_param(request, 0, "id", &fault);

    if (rc == RC_OK && (request->body.size || request->body_too_large))
        rc = face_body(request, BODY_PLAIN, SPELLING_EXACT, &body, &fault);
    if (rc == RC_OK && body.root)
        rc = decode_score(&body, &report.report, &fault);
    if (rc == RC_OK) {
        struct view view = image_read_begin(face_of(request)->image);
        rc = find_record(request, view, &user, &report.item, &fault);
        image_read_end(view);
    }
    if (rc == RC_OK)
        submit_report(request, user, &report, true);
    else
        request_fail(request, rc, &fault);
}
