#include "face/video/video.h"

#include <stdlib.h>
#include <string.h>

#include "face/video/video_decode.h"
#include "face/video/video_encode.h"

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

static enum rc decode_update(struct request *request, const struct body *body, struct command *command,
                             struct fault *fault)
{
    enum rc rc = face_id(request, body, "userId", true, &command->learner, fault);

    if (rc == RC_OK && !face_reports(request, command, 1))
        rc = fault_no_memory(fault);
    return rc == RC_OK ? video_report_decode(request, body->root, &command->reports[0], fault) : rc;
}

const struct write_handler video_update = {CMD_REPORTS, .decode = decode_update, .encode = encode_update,
                                           .all_or_nothing = true};

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

static enum rc decode_sync(struct request *request, const struct body *body, struct command *command,
                           struct fault *fault)
{
    json_t *list = body_get(body, "progressData");
    enum rc rc = face_id(request, body, "userId", true, &command->learner, fault);

    if (rc != RC_OK)
        return rc;
    if (!json_is_array(list))
        return fault_set(fault, RC_INVALID, "progressData", list ? "must be an array" : "is required");
    if (json_array_size(list) > SYNC_MAX)
        return fault_set(fault, RC_INVALID, "progressData", "has at most 1,000 items");
    return decode_items(request, list, command, fault);
}

const struct write_handler video_sync = {CMD_REPORTS, .decode = decode_sync, .encode = encode_sync};

/* ---- GET and DELETE of one ---- */

/* A preview of somebody else. */
static bool is_for_another(const struct read *read, const struct record *record)
{
    const struct learner *learner = view_learner(read->view, read->learner);
    uint32_t course = view_item_facts(read->view, read->item).course;

    return learner && learner_previews(learner, record, course) && !read_shows_all(read);
}

static enum rc get_segments(struct request *request, bool *out, struct fault *fault)
{
    *out = false;
    return face_query_flag(request, "segments", out, fault);
}

static enum rc get_check(struct request *request, struct fault *fault)
{
    bool ignored;
    return get_segments(request, &ignored, fault);
}

static enum rc get(struct read *read, struct json_out *out, struct fault *fault)
{
    const struct call *call = face_call(read->request);
    const struct record *record = video_stored(read->view, read->learner, read->item);
    bool segments;
    enum rc rc = get_segments(read->request, &segments, fault);

    if (rc != RC_OK)
        return rc;
    if (!record || !video_shows(read->view, record) || is_for_another(read, record))
        return fault_set(fault, RC_NOT_FOUND, NULL, "Progress not found");
    int64_t duration_ms = view_item_facts(read->view, read->item).duration_ms;
    if (!duration_ms)
        duration_ms = record->duration_ms;
    if (segments) {
        video_put_watched(out, call->user.bytes, call->item.bytes, record, duration_ms);
        etag_of_watched(record, duration_ms, read->request->etag);
    } else {
        video_put_state(out, call->user.bytes, call->item.bytes, record);
        etag_of_record(record, read->request->etag);
    }
    return RC_OK;
}

const struct read_handler video_get = {.check = get_check, .read = get};

static void encode_delete(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "Progress deleted successfully");
    json_close(&out, '}');
}

static enum rc decode_delete(struct request *request, const struct body *body, struct command *command,
                             struct fault *fault)
{
    (void)body;
    (void)fault;
    command->item = face_call(request)->item;
    return RC_OK;
}

const struct write_handler video_delete = {CMD_DELETE_PROGRESS, .decode = decode_delete,
                                           .encode = encode_delete};
