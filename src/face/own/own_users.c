#include "face/own/own_users.h"

#include <stdlib.h>
#include <string.h>

#include "app/erase_plan.h"
#include "app/history.h"
#include "app/logbook.h"
#include "face/event_json.h"
#include "face/face.h"
#include "face/logs/logs_encode.h"
#include "face/read.h"
#include "face/show.h"
#include "face/snapshot.h"
#include "face/steps.h"
#include "face/work.h"
#include "face/write.h"
#include "http/stream.h"

/* ---- one person's records and enrolments ---- */

static void put_enrolment(struct json_out *out, struct arena *arena, struct view view,
                          const struct enrolment *enrolment)
{
    const struct course_slot *course = view_course_slot(view, enrolment->course);
    struct course_facts facts = view_course_facts(view, enrolment->course);

    json_open(out, '{');
    json_put_int(out, "enrollmentId", enrolment->id);
    json_put_text(out, "courseId", course->id);
    json_put_text(out, "courseTitle", course_title(arena, view, enrolment->course, course->id));
    json_put_text(out, "enrollmentStatus", state_name(enrolment_state(enrolment, &facts)));
    json_put_hundredths(out, "progressPercent",
                        course_percent_hundredths(enrolment->completed_required, facts.required));
    json_put_int(out, "completedContent", enrolment->completed_items);
    json_put_int(out, "totalContent", facts.items);
    json_put_instant(out, "enrollmentDate", enrolment->enrolled_at_ms);
    json_put_instant(out, "completionDate", enrolment_completion_ms(enrolment, &facts));
    json_put_instant(out, "lastActivity", enrolment->last_activity_ms);
    json_name(out, "certificateUrl");
    if (enrolment->certificate_url)
        json_text(out, enrolment->certificate_url, enrolment->certificate_size);
    else
        json_null_value(out);
    json_close(out, '}');
}

static void put_times(struct json_out *out, const struct record *record)
{
    json_put_instant(out, "startedAt", record->started_at_ms);
    json_put_instant(out, "completedAt", record->completed_at_ms);
    json_put_instant(out, "lastWatched", record->last_watched_ms);
    json_put_instant(out, "createdAt", record->created_at_ms);
    json_put_instant(out, "updatedAt", record->updated_at_ms);
}

static void put_record(struct json_out *out, struct view view, const struct record *record)
{
    const struct item_slot *item = view_item_slot(view, record->item);
    const struct item_def *def = view_item(view, record->item);
    uint32_t course = view_item_facts(view, record->item).course;

    json_open(out, '{');
    json_put_int(out, "progressId", record->id);
    json_put_text(out, "contentId", item->id);
    json_put_text(out, "courseId", course ? view_course_slot(view, course)->id : NULL);
    json_put_text(out, "title", def && def->title.size ? def->title.bytes : NULL);
    json_put_text(out, "type", item_type(def));
    json_put_text(out, "status", status_name(record));
    json_put_hundredths(out, "progressPercent", record->percent_hundredths);
    json_name(out, "position");
    if (record->flags & RECORD_POSITION)
        json_scaled(out, record->position_ms, 3);
    else
        json_null_value(out);
    json_put_scaled(out, "furthestPosition", record->furthest_ms, 3);
    json_put_int(out, "watchedDuration", record->watched_s);
    json_put_scaled(out, "uniqueWatchedSeconds", record->covered_ms, 3);
    json_put_int(out, "timeSpent", rounded_ratio(record->time_spent_ms, 1, 1000));
    json_name(out, "score");
    if (record->flags & RECORD_SCORE)
        json_scaled(out, record->score_e4, 4);
    else
        json_null_value(out);
    json_name(out, "maxScore");
    if (record->flags & RECORD_MAX_SCORE)
        json_scaled(out, record->max_score_e4, 4);
    else
        json_null_value(out);
    put_times(out, record);
    json_put_open(out, "metadata", '{');
    json_put_members(out, record->metadata, record->metadata_size, NULL);
    json_close(out, '}');
    json_close(out, '}');
}

/* "enrollments" and "progress" of the open object. The learner is a snapshot's, or of a model of one's own.
 */
static void put_learner(struct json_out *out, struct arena *arena, struct view view,
                        const struct learner *learner)
{
    uint32_t count = 0, steps = 0;
    const struct record **records = learner ? records_of_learner(arena, learner, &count) : NULL;

    if (learner)                            /* of nobody there is no model either */
        (void)model_read_begin(view.model); /* the same view */
    json_put_open(out, "enrollments", '[');
    for (uint32_t i = 0; learner && i < learner->enrolment_count; i++) {
        put_enrolment(out, arena, view, &learner->enrolments[i]);
        (void)view_pause(view, &steps, 1); /* nothing is kept from before it */
    }
    json_close(out, ']');
    json_put_open(out, "progress", '[');
    for (uint32_t i = 0; records && i < count; i++) {
        put_record(out, view, records[i]);
        (void)view_pause(view, &steps, 1); /* likewise */
    }
    json_close(out, ']');
    if (learner)
        model_read_end(view);
}

/* ---- GET /api/v1/users/{id}/progress ---- */

static enum rc put_past(struct request *request, const char *as_of, uint32_t learner, struct fault *fault)
{
    struct face_context *context = face_of(request);
    struct json_out out = {&request->out, false};
    const struct history *history = engine_history(context->engine);
    struct model *model = NULL;
    struct bound bound;
    enum rc rc = history_bound(history, learner, as_of, "as_of", &bound, fault);

    if (rc == RC_OK && learner)
        rc = history_model(history, learner, &bound, &model, fault);
    if (rc != RC_OK)
        return rc;
    struct view view = {model, false};
    json_open(&out, '{');
    json_put_text(&out, "userId", request->params[0].bytes);
    json_put_text(&out, "asOf", as_of);
    put_learner(&out, &request->arena, view, learner ? view_learner(view, learner) : NULL);
    json_close(&out, '}');
    model_free(model);
    return RC_OK;
}

static enum rc put_now(struct request *request, uint32_t learner)
{
    struct json_out out = {&request->out, false};
    struct view view = model_read_begin(face_of(request)->model);
    struct snapshot snapshot;

    snapshot_take(view, learner, &snapshot);
    model_read_end(view);
    json_open(&out, '{');
    json_put_text(&out, "userId", request->params[0].bytes);
    json_put_null(&out, "asOf");
    put_learner(&out, &request->arena, view, snapshot.learner);
    json_close(&out, '}');
    snapshot_done(&snapshot);
    return RC_OK;
}

/* The person of the path, if the caller may: what every route here begins with. */
static enum rc take_user(struct request *request, uint32_t *out_learner, struct fault *fault)
{
    enum rc rc = request_id_param(request, 0, "userId", fault);

    if (rc != RC_OK)
        return rc;
    struct view view = model_read_begin(face_of(request)->model);
    rc = face_may(request, view, ACCESS_PERSON, face_param(request, 0), 0, false, fault);
    *out_learner = view_learner_key(view, request->params[0].bytes, request->params[0].size);
    model_read_end(view);
    return rc;
}

static enum rc work_progress(struct request *request, struct fault *fault)
{
    const char *as_of = NULL;
    uint32_t learner = 0;
    enum rc rc = request_id_param(request, 0, "userId", fault);

    if (rc == RC_OK)
        rc = request_query(request, "as_of", &as_of, fault);
    if (rc == RC_OK && as_of)
        rc = history_readable(as_of, "as_of", fault);
    if (rc == RC_OK)
        rc = take_user(request, &learner, fault);
    if (rc != RC_OK)
        return rc;
    return as_of ? put_past(request, as_of, learner, fault) : put_now(request, learner);
}

void own_users_progress(struct request *request)
{
    const char *as_of = NULL;
    struct fault fault = {NULL, NULL};

    /* what is wrong with it, the work says */
    if (request_query(request, "as_of", &as_of, &fault) == RC_OK && as_of)
        face_work_long(request, work_progress, NULL);
    else
        face_work(request, work_progress, NULL);
}

/* ---- GET /api/v1/users/{id}/export ---- */

enum { A_STEP = 128 }; /* records, entries or events: some milliseconds of work */

enum part { ENROLMENTS, RECORDS, GATHER, COURSES, ITEMS, LOGS, EVENTS, ALL_DONE };

/* An export on its way: what the person's own state was when it began, then entries and events as they are
 * stored. */
struct exporting {
    struct request *request;
    struct snapshot snapshot;
    const struct record **records; /* shown ones, newest first */
    uint32_t record_count;
    uint32_t *others; /* courses of records without an enrolment: previews, locks */
    size_t other_count;
    uint32_t key; /* 0: never seen */
    enum part part;
    size_t at; /* within the part */
    struct logs_page page;
    struct sequences events;
    struct json_out out;
};

/* One line of what the catalogue says of a course or an item. */
static void put_catalogue_line(struct json_out *out, const char *id, const char *title, const char *type,
                               const char *course)
{
    json_open(out, '{');
    json_put_text(out, "id", id);
    json_put_text(out, "title", title);
    json_put_text(out, "type", type);
    json_put_text(out, "course", course);
    json_close(out, '}');
}

static void put_course_line(struct exporting *exporting, struct view view, uint32_t key)
{
    const struct course_def *def = view_course(view, key);

    put_catalogue_line(&exporting->out, view_course_slot(view, key)->id,
                       def && def->title.size ? def->title.bytes : NULL, "course", NULL);
}

static void put_item_line(struct exporting *exporting, struct view view, uint32_t key)
{
    const struct item_def *def = view_item(view, key);
    uint32_t course = view_item_facts(view, key).course;

    put_catalogue_line(&exporting->out, view_item_slot(view, key)->id,
                       def && def->title.size ? def->title.bytes : NULL, item_type(def),
                       course ? view_course_slot(view, course)->id : NULL);
}

static void gather(struct exporting *exporting, struct view view, uint32_t course)
{
    if (course && view_course_slot(view, course)->id &&
        !learner_enrolment(exporting->snapshot.learner, course))
        exporting->others[exporting->other_count++] = course;
}

static int by_key(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

/* Each once. */
static void settle_others(struct exporting *exporting)
{
    uint32_t *others = exporting->others;
    size_t count = 0;

    if (exporting->other_count)
        qsort(others, exporting->other_count, sizeof *others, by_key);
    for (size_t i = 0; i < exporting->other_count; i++)
        if (count == 0 || others[i] != others[count - 1])
            others[count++] = others[i];
    exporting->other_count = count;
}

/* Up to A_STEP entries of a part that is in memory; whether that was the last. */
static bool put_some(struct exporting *exporting, size_t count)
{
    const struct learner *learner = exporting->snapshot.learner;
    struct view view = model_read_begin(face_of(exporting->request)->model);
    size_t end = exporting->at + A_STEP < count ? exporting->at + A_STEP : count;

    for (; exporting->at < end; exporting->at++)
        switch (exporting->part) {
        case ENROLMENTS:
            put_enrolment(&exporting->out, &exporting->request->arena, view,
                          &learner->enrolments[exporting->at]);
            break;
        case RECORDS:
            put_record(&exporting->out, view, exporting->records[exporting->at]);
            break;
        case GATHER:
            gather(exporting, view, view_item_facts(view, learner->records[exporting->at].item).course);
            break;
        case COURSES:
            put_course_line(exporting, view,
                            exporting->at < learner->enrolment_count
                                ? learner->enrolments[exporting->at].course
                                : exporting->others[exporting->at - learner->enrolment_count]);
            break;
        default:
            put_item_line(exporting, view, learner->records[exporting->at].item);
            break;
        }
    model_read_end(view);
    return end == count;
}

static enum rc put_some_logs(struct exporting *exporting, bool *out_done, struct fault *fault)
{
    struct logs_page *page = &exporting->page;
    struct logs_page part = {page->paged, page->last_ms, page->last_id, A_STEP, false};
    enum rc rc = exporting->key
                     ? logs_put_all(face_of(exporting->request), exporting->key, NULL,
                                    exporting->request->params[0].bytes, &part, &exporting->out, fault)
                     : RC_OK;

    *page = (struct logs_page){true, part.last_ms, part.last_id, 0, false};
    *out_done = !part.more;
    return rc;
}

static bool put_event(void *arg, const struct event *event)
{
    struct exporting *exporting = arg;
    struct view view = model_read_begin(face_of(exporting->request)->model); /* a moment each */
    struct event_names names = event_names_of(&view);

    event_put(&exporting->out, event, &names);
    model_read_end(view);
    return !exporting->out.buf->failed;
}

static enum rc put_some_events(struct exporting *exporting, bool *out_done, struct fault *fault)
{
    const struct history *history = engine_history(face_of(exporting->request)->engine);
    enum rc rc = RC_OK;

    if (exporting->key && exporting->at == 0)
        rc = history_sequences(history, exporting->key, &exporting->events, fault);
    size_t left = exporting->events.count - exporting->at, count = left < A_STEP ? left : A_STEP;
    if (rc == RC_OK && count)
        rc = history_page(history, exporting->events.at + exporting->at, count, put_event, exporting, fault);
    exporting->at += count;
    *out_done = count == left;
    return rc;
}

/* The next part: the list before it ends, its own begins. Courses and items share one; what gathers shows
 * nothing. */
static void next_part(struct exporting *exporting)
{
    static const char *const names[] = {"enrollments", "progress", NULL, "catalog", NULL, "logs", "events"};
    struct json_out *out = &exporting->out;

    exporting->at = 0;
    exporting->part++;
    if (exporting->part < ALL_DONE && !names[exporting->part])
        return;
    json_close(out, ']');
    if (exporting->part < ALL_DONE)
        json_put_open(out, names[exporting->part], '[');
    else
        json_close(out, '}');
}

static void begin_export(struct exporting *exporting)
{
    struct request *request = exporting->request;
    struct face_context *context = face_of(request);
    struct json_out *out = &exporting->out;
    struct view view = model_read_begin(context->model);

    snapshot_take(view, exporting->key, &exporting->snapshot);
    model_read_end(view);
    if (exporting->snapshot.learner)
        exporting->records =
            records_of_learner(&request->arena, exporting->snapshot.learner, &exporting->record_count);
    if (exporting->snapshot.learner)
        exporting->others = arena_alloc(
            &request->arena, exporting->snapshot.learner->record_count * sizeof *exporting->others + 1);
    json_open(out, '{');
    json_put_text(out, "userId", request->params[0].bytes);
    json_put_instant(out, "exportedAt", context->now_ms());
    json_put_open(out, "enrollments", '[');
}

static enum rc export_step(void *state, struct buf *out, bool *out_last, struct fault *fault)
{
    struct exporting *exporting = state;
    bool done = false, first = !exporting->out.buf;
    enum rc rc = RC_OK;

    exporting->out.buf = out;
    if (first)
        begin_export(exporting);
    const struct learner *learner = exporting->snapshot.learner;
    if (exporting->part == LOGS)
        rc = put_some_logs(exporting, &done, fault);
    else if (exporting->part == EVENTS)
        rc = put_some_events(exporting, &done, fault);
    else if (exporting->part == RECORDS)
        done = put_some(exporting, exporting->records ? exporting->record_count : 0);
    else if (exporting->part == GATHER && !exporting->others)
        done = true;
    else if (exporting->part == GATHER || exporting->part == ITEMS)
        done = put_some(exporting, learner ? learner->record_count : 0);
    else if (exporting->part == COURSES)
        done = put_some(exporting, (learner ? learner->enrolment_count : 0) + exporting->other_count);
    else
        done = put_some(exporting, learner ? learner->enrolment_count : 0);
    if (done && exporting->part == GATHER)
        settle_others(exporting);
    if (rc == RC_OK && done)
        next_part(exporting);
    *out_last = exporting->part == ALL_DONE;
    return rc;
}

static void export_free(void *state)
{
    struct exporting *exporting = state;

    snapshot_done(&exporting->snapshot);
    sequences_done(&exporting->events);
}

void own_users_export(struct request *request)
{
    struct exporting *exporting = arena_alloc(&request->arena, sizeof *exporting);
    struct fault fault = {NULL, NULL};
    enum rc rc = RC_BUSY;

    if (exporting) {
        *exporting = (struct exporting){.request = request};
        rc = take_user(request, &exporting->key, &fault);
    } else {
        fault.message = "out of memory";
    }
    if (rc != RC_OK)
        request_fail(request, rc, &fault);
    else
        face_stream(request,
                    &(struct face_source){export_step, export_free, exporting, "application/json", false});
}

/* ---- DELETE /api/v1/users/{id} ---- */

/* No word of the person: the answer may be kept for its Idempotency-Key. */
static void encode_erased(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "User erased");
    json_put_int(&out, "erasedEvents", command->count);
    json_name(&out, "receipt");
    if (command->sequence)
        json_int(&out, (int64_t)command->sequence);
    else
        json_null_value(&out);
    json_close(&out, '}');
}

/* Lives as long as the request. */
struct planning {
    struct stream end; /* only for its end */
    struct erase_plan plan;
};

static void plan_done(struct request *request)
{
    erase_plan_done(&((struct planning *)(void *)request->stream)->plan);
}

/* What the engine would have to look up, so that it only looks at what is written meanwhile. */
static enum rc plan_erasure(struct request *request, struct fault *fault)
{
    struct face_context *context = face_of(request);
    const struct history *history = engine_history(context->engine);
    struct command *command = face_command(request, CMD_ERASE, FACE_LEARNER, face_param(request, 0));
    struct erase_plan *plan = &((struct planning *)(void *)request->stream)->plan;

    if (!command)
        return fault_no_memory(fault);
    command->plan = plan;
    request->command = command;
    enum rc rc =
        erase_plan_make(history, command->learner, engine_state(context->engine).sequence, plan, fault);
    if (rc == RC_OK) /* what came while that was looked up */
        rc = erase_plan_extend(history, engine_state(context->engine).sequence, plan, fault);
    return rc;
}

static void submit_erasure(struct request *request)
{
    face_submit(request, request->command, encode_erased);
}

void own_users_erase(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct planning *planning = arena_alloc(&request->arena, sizeof *planning);
    uint32_t learner;
    enum rc rc = planning ? take_user(request, &learner, &fault) : fault_no_memory(&fault);

    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    *planning = (struct planning){.end = {.end = plan_done}};
    request_will_stream(request, &planning->end);
    face_work_long(request, plan_erasure, submit_erasure);
}
