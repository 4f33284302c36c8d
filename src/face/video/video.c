#include "face/video/video.h"

#include <stdlib.h>
#include <string.h>

#include "face/body.h"
#include "face/face.h"
#include "face/read.h"
#include "face/video/video_decode.h"
#include "face/video/video_encode.h"
#include "face/write.h"

enum { SYNC_MAX = 1000 };

/* ---- POST /progress/update, /progress/realtime ---- */

static void encode_update(struct command *command, struct view view)
{
    struct item_report *report = &command->reports[0];
    struct json_out out = {command->answer.body, false};
    uint32_t item =
        report->item_key ? report->item_key : view_item_key(view, report->item.bytes, report->item.size);
    const struct record *record = video_stored(view, command->learner_key, item);

    video_put_state(&out, command->learner.bytes, report->item.bytes, record);
    etag_of_record(record, command->answer.etag);
}

void video_update(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct text user = {NULL, 0};
    struct item_report report = {.rc = RC_OK};
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = face_body(request, SPELLING_EXACT, &body, &fault);

    if (rc == RC_OK)
        rc = face_id(request, &body, "userId", true, &user, &fault);
    if (rc == RC_OK)
        rc = video_report_decode(request, body.root, &report, &fault);
    if (rc == RC_OK)
        rc = face_may_user(request, user, &fault);
    struct command *command = rc == RC_OK ? face_command(request, CMD_REPORTS, FACE_VIDEO, user) : NULL;
    if (rc == RC_OK && (!command || !face_reports(request, command, 1)))
        rc = fault_no_memory(&fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->reports[0] = report;
    command->all_or_nothing = true;
    face_submit(request, command, encode_update);
}

/* ---- POST /progress/sync ---- */

static const char *result_name(const struct item_report *report)
{
    static const char *const names[] = {"applied", "unchanged", "stale"};
    return report->rc == RC_OK ? names[report->effect] : "invalid";
}

static void put_result(struct json_out *out, struct arena *arena, const struct item_report *report)
{
    json_open(out, '{');
    json_put_text(out, "videoId", report->item.bytes);
    json_put_text(out, "result", result_name(report));
    if (report->rc != RC_OK) {
        const char *text = report->fault.field
                               ? arena_printf(arena, "%s: %s", report->fault.field, report->fault.message)
                               : report->fault.message;
        json_put_text(out, "error", text ? text : report->fault.message);
    }
    json_close(out, '}');
}

struct shown_state {
    const struct record *record; /* NULL: nothing to show, or shown before */
    uint32_t index;              /* of its report */
};

static int by_record(const void *a, const void *b)
{
    const struct shown_state *left = a, *right = b;

    if (left->record != right->record)
        return left->record < right->record ? -1 : 1;
    return left->index < right->index ? -1 : left->index > right->index;
}

static int by_index(const void *a, const void *b)
{
    const struct shown_state *left = a, *right = b;

    return left->index < right->index ? -1 : left->index > right->index;
}

/* The states of the videos named, each once, in the order of their first report. */
static void put_states(struct json_out *out, struct command *command, struct view view)
{
    struct shown_state *states = arena_alloc(command->arena, (command->report_count + 1) * sizeof *states);

    for (uint32_t i = 0; states && i < command->report_count; i++) {
        struct item_report *report = &command->reports[i];
        if (!report->item_key && report->item.bytes)
            report->item_key = view_item_key(view, report->item.bytes, report->item.size);
        states[i] = (struct shown_state){video_stored(view, command->learner_key, report->item_key), i};
    }
    if (!states) {
        out->buf->failed = true;
        return;
    }
    qsort(states, command->report_count, sizeof *states, by_record);
    for (uint32_t i = command->report_count; i-- > 1;)
        if (states[i].record == states[i - 1].record)
            states[i].record = NULL;
    qsort(states, command->report_count, sizeof *states, by_index);
    for (uint32_t i = 0; i < command->report_count; i++)
        if (states[i].record)
            video_put_state(out, NULL, command->reports[i].item.bytes, states[i].record);
}

static void encode_sync(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    json_open(&out, '{');
    json_put_text(&out, "userId", command->learner.bytes);
    json_put_open(&out, "progressData", '[');
    put_states(&out, command, view);
    json_close(&out, ']');
    json_put_open(&out, "results", '[');
    for (uint32_t i = 0; i < command->report_count; i++)
        put_result(&out, command->arena, &command->reports[i]);
    json_close(&out, ']');
    json_close(&out, '}');
}

static enum rc decode_items(struct request *request, json_t *list, struct command *command,
                            struct fault *fault)
{
    size_t index;
    json_t *entry;

    if (!face_reports(request, command, (uint32_t)json_array_size(list)))
        return fault_no_memory(fault);
    json_array_foreach(list, index, entry)
    {
        struct item_report *report = &command->reports[index];
        if (json_is_object(entry))
            report->rc = video_report_decode(request, entry, report, &report->fault);
        const char *sent = json_string_value(json_object_get(entry, "videoId"));
        /* an id that is none comes back as it was sent */
        if (json_is_object(entry) && report->rc != RC_OK && sent)
            report->item =
                (struct text){arena_copy(&request->arena, sent, strlen(sent)), (uint32_t)strlen(sent)};
        if (!json_is_object(entry))
            report->rc = fault_set(&report->fault, RC_INVALID, "progressData", "each item must be an object");
    }
    return RC_OK;
}

void video_sync(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct text user = {NULL, 0};
    struct command *command = NULL;
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = face_body(request, SPELLING_EXACT, &body, &fault);
    json_t *list = NULL;

    if (rc == RC_OK)
        rc = face_id(request, &body, "userId", true, &user, &fault);
    if (rc == RC_OK) {
        list = body_get(&body, "progressData");
        if (!json_is_array(list))
            rc = fault_set(&fault, RC_INVALID, "progressData", list ? "must be an array" : "is required");
        else if (json_array_size(list) > SYNC_MAX)
            rc = fault_set(&fault, RC_INVALID, "progressData", "has at most 1,000 items");
    }
    if (rc == RC_OK)
        rc = face_may_user(request, user, &fault);
    if (rc == RC_OK) {
        command = face_command(request, CMD_REPORTS, FACE_VIDEO, user);
        rc = command ? decode_items(request, list, command, &fault) : fault_no_memory(&fault);
    }
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    face_submit(request, command, encode_sync);
}

/* ---- GET and DELETE of one ---- */

void video_get(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct json_out out = {&request->out, false};
    enum rc rc = request_id_param(request, 0, "userId", &fault);

    if (rc == RC_OK)
        rc = request_id_param(request, 1, "videoId", &fault);
    if (rc == RC_OK) {
        struct text user = face_param(request, 0), video = face_param(request, 1);
        struct view view = model_read_begin(face_of(request)->model);
        uint32_t item = view_item_key(view, video.bytes, video.size);
        uint32_t course = view_item_facts(view, item).course;
        rc = face_may(request, view, ACCESS_COURSE_RECORD, user, course, course != 0, &fault);
        if (rc == RC_OK) {
            const struct record *record =
                video_stored(view, view_learner_key(view, user.bytes, user.size), item);
            if (record && video_shows(view, record)) {
                video_put_state(&out, user.bytes, video.bytes, record);
                etag_of_record(record, request->etag);
            } else {
                rc = fault_set(&fault, RC_NOT_FOUND, NULL, "Progress not found");
            }
        }
        model_read_end(view);
    }
    if (rc == RC_OK)
        request_reply(request, 200, "application/json");
    else
        request_fail(request, rc, &fault);
}

static void encode_delete(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "Progress deleted successfully");
    json_close(&out, '}');
}

void video_delete(struct request *request)
{
    struct fault fault = {NULL, NULL};
    enum rc rc = request_id_param(request, 0, "userId", &fault);

    if (rc == RC_OK)
        rc = request_id_param(request, 1, "videoId", &fault);
    if (rc == RC_OK)
        rc = face_may_user(request, face_param(request, 0), &fault);
    struct command *command =
        rc == RC_OK ? face_command(request, CMD_DELETE_PROGRESS, FACE_VIDEO, face_param(request, 0)) : NULL;
    if (rc == RC_OK && !command)
        rc = fault_no_memory(&fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->item = face_param(request, 1);
    face_submit(request, command, encode_delete);
}
