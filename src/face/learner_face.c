#include "face/learner_face.h"

#include <stdlib.h>
#include <string.h>

#include "app/history.h"
#include "app/logbook.h"
#include "face/event_out.h"
#include "face/face.h"
#include "face/logs_out.h"

/* ---- one person's records and enrolments ---- */

static void put_enrolment(struct json_out *out, struct arena *arena, struct view view, const struct enrolment *enrolment)
{
    const struct course_slot *course = view_course_slot(view, enrolment->course);
    struct course_facts facts = view_course_facts(view, enrolment->course);

    json_open(out, '{');
    json_put_int(out, "enrollmentId", enrolment->id);
    json_put_text(out, "courseId", course->id);
    json_put_text(out, "courseTitle", course_title(arena, view, enrolment->course, course->id));
    json_put_text(out, "enrollmentStatus", state_name(enrolment_state(enrolment, &facts)));
    json_put_hundredths(out, "progressPercent", course_percent_hundredths(enrolment->completed_required, facts.required));
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

/* "enrollments" and "progress" of the open object. */
static void put_learner(struct json_out *out, struct arena *arena, struct view view, const struct learner *learner)
{
    uint32_t count = 0;
    const struct record **records = learner ? records_of_learner(arena, learner, &count) : NULL;

    json_put_open(out, "enrollments", '[');
    for (uint32_t i = 0; learner && i < learner->enrolment_count; i++)
        put_enrolment(out, arena, view, &learner->enrolments[i]);
    json_close(out, ']');
    json_put_open(out, "progress", '[');
    for (uint32_t i = 0; records && i < count; i++)
        put_record(out, view, records[i]);
    json_close(out, ']');
}

/* ---- GET /api/v1/users/{id}/progress ---- */

static enum rc put_past(struct request *request, const char *as_of, uint32_t learner, struct fault *fault)
{
    struct face_context *context = face_of(request);
    struct json_out out = {&request->out, false};
    const struct past *past = engine_past(context->engine);
    struct image *image = NULL;
    struct bound bound;
    enum rc rc = history_bound(past, learner, as_of, "as_of", &bound, fault);

    if (rc == RC_OK && learner)
        rc = history_image(past, learner, &bound, &image, fault);
    if (rc != RC_OK)
        return rc;
    struct view view = {image, false};
    json_open(&out, '{');
    json_put_text(&out, "userId", request->params[0].bytes);
    json_put_text(&out, "asOf", as_of);
    put_learner(&out, &request->arena, view, learner ? view_learner(view, learner) : NULL);
    json_close(&out, '}');
    image_free(image);
    return RC_OK;
}

static enum rc put_now(struct request *request, uint32_t learner)
{
    struct json_out out = {&request->out, false};
    struct view view = image_read_begin(face_of(request)->image);

    json_open(&out, '{');
    json_put_text(&out, "userId", request->params[0].bytes);
    json_put_null(&out, "asOf");
    put_learner(&out, &request->arena, view, view_learner(view, learner));
    json_close(&out, '}');
    image_read_end(view);
    return RC_OK;
}

/* The person of the path, if the caller may: what every route here begins with. */
static enum rc take_user(struct request *request, uint32_t *out_learner, struct fault *fault)
{
    enum rc rc = request_id_param(request, 0, "userId", fault);

    if (rc != RC_OK)
        return rc;
    struct view view = image_read_begin(face_of(request)->image);
    rc = face_may(request, view, ACCESS_PERSON, face_param(request, 0), 0, false, fault);
    *out_learner = view_learner_key(view, request->params[0].bytes, request->params[0].size);
    image_read_end(view);
    return rc;
}

static enum rc work_progress(struct request *request, struct fault *fault)
{
    const char *as_of = NULL;
    uint32_t learner = 0;
    enum rc rc = take_user(request, &learner, fault);

    if (rc == RC_OK)
        rc = request_query(request, "as_of", &as_of, fault);
    if (rc != RC_OK)
        return rc;
    return as_of ? put_past(request, as_of, learner, fault) : put_now(request, learner);
}

void learner_progress(struct request *request)
{
    face_work(request, work_progress, NULL);
}

/* ---- GET /api/v1/users/{id}/export ---- */

struct putting {
    struct json_out *out;
    struct image *image;
};

static bool put_event(void *arg, const struct event *event)
{
    struct putting *putting = arg;
    struct view view = image_read_begin(putting->image); /* a moment each: nobody waits for a long export */
    struct event_names names = event_names_of(&view);
    event_put(putting->out, event, &names);
    image_read_end(view);
    return !putting->out->buf->failed;
}

static enum rc put_events(struct request *request, struct json_out *out, uint32_t learner, struct fault *fault)
{
    struct face_context *context = face_of(request);
    struct putting putting = {out, context->image};

    json_put_open(out, "events", '[');
    enum rc rc = history_events(engine_past(context->engine), learner, put_event, &putting, fault);
    json_close(out, ']');
    return rc;
}

static enum rc work_export(struct request *request, struct fault *fault)
{
    struct face_context *context = face_of(request);
    struct json_out out = {&request->out, false};
    struct logs_page page = {.limit = 0};
    uint32_t learner = 0;
    enum rc rc = take_user(request, &learner, fault);

    if (rc != RC_OK)
        return rc;
    struct view view = image_read_begin(context->image);
    json_open(&out, '{');
    json_put_text(&out, "userId", request->params[0].bytes);
    json_put_instant(&out, "exportedAt", context->now_ms());
    put_learner(&out, &request->arena, view, view_learner(view, learner));
    image_read_end(view);
    json_put_open(&out, "logs", '[');
    if (learner)
        rc = logs_put_all(context, learner, NULL, request->params[0].bytes, &page, &out, fault);
    json_close(&out, ']');
    if (rc == RC_OK && learner) {
        rc = put_events(request, &out, learner, fault);
    } else {
        json_put_open(&out, "events", '[');
        json_close(&out, ']');
    }
    json_close(&out, '}');
    return rc;
}

void learner_export(struct request *request)
{
    face_work(request, work_export, NULL);
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

static enum rc look_for_mentions(struct request *request, struct fault *fault)
{
    struct face_context *context = face_of(request);
    struct sequences found = {0};
    struct command *command = face_command(request, CMD_ERASE, FACE_LEARNER, face_param(request, 0));

    if (!command)
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    command->looked_upto = engine_state(context->engine).sequence;
    enum rc rc = history_mentions(engine_store(context->engine), command->learner.bytes, command->learner.size, 0,
                                  command->looked_upto, &found, fault);
    uint64_t *mentions = arena_alloc(&request->arena, (found.count + 1) * sizeof *mentions);
    if (rc == RC_OK && !mentions)
        rc = fault_set(fault, RC_BUSY, NULL, "out of memory");
    if (rc == RC_OK && found.count)
        memcpy(mentions, found.at, found.count * sizeof *mentions);
    command->mentions = mentions;
    command->mention_count = found.count;
    request->command = command;
    sequences_done(&found);
    return rc;
}

static void submit_erasure(struct request *request)
{
    face_submit(request, request->command, encode_erased);
}

void learner_erase(struct request *request)
{
    struct fault fault = {NULL, NULL};
    uint32_t learner;
    enum rc rc = take_user(request, &learner, &fault);

    if (rc == RC_OK)
        face_work(request, look_for_mentions, submit_erasure);
    else
        request_fail(request, rc, &fault);
}
