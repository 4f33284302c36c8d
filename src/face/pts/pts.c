#include "face/pts/pts.h"

#include "face/body.h"
#include "face/face.h"
#include "face/pts/pts_decode.h"
#include "face/pts/pts_encode.h"
#include "face/pts/pts_titles.h"
#include "face/read.h"
#include "face/write.h"

enum { BULK_MAX = 1000 };

/* ---- POST Progress/video ---- */

static void put_report(struct json_out *out, struct command *command, struct view view,
                       const struct item_report *report)
{
    const struct learner *learner = view_learner(view, command->learner_key);
    uint32_t item = report->item_key;

    pts_put_video(out, titles_of(command->waiter), view, item, report->item.bytes,
                  pts_reported(learner, item));
}

/* On a server thread again: the titles that the answer will show are known as well as they will be. */
static void titles_known(struct request *request)
{
    struct command *command = request->command;

    face_submit(request, command, command->encode);
}

/* Asks for titles first, so that the answer, also one kept for an Idempotency-Key, can show them. */
static void submit(struct request *request, struct command *command,
                   void (*encode)(struct command *command, struct view view))
{
    struct titles *titles = titles_of(request);

    command->all_or_nothing = true;
    command->encode = encode;
    request->command = command;
    if (!titles) {
        static const struct fault memory = {NULL, "out of memory"};
        request_fail(request, RC_BUSY, &memory);
        return;
    }
    if (face_of(request)->cms) {
        struct view view = model_read_begin(face_of(request)->model);
        for (uint32_t i = 0; i < command->report_count; i++) {
            struct text id = command->reports[i].item;
            titles_want(titles, view, false, view_item_key(view, id.bytes, id.size), id.bytes);
        }
        model_read_end(view);
    }
    if (!titles_fetch(titles, titles_known))
        titles_known(request);
}

static void encode_video(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};
    const struct learner *learner = view_learner(view, command->learner_key);

    put_report(&out, command, view, &command->reports[0]);
    etag_of_record(pts_reported(learner, command->reports[0].item_key), command->answer.etag);
}

static void post_video(struct request *request, struct text user, struct text video)
{
    struct fault fault = {NULL, NULL};
    struct item_report report = {.rc = RC_OK};
    BODY body = {NULL, SPELLING_ANY_CASE};
    enum rc rc = face_body(request, SPELLING_ANY_CASE, &body, &fault);

    if (rc == RC_OK)
        rc = pts_report_decode(request, &body, &user, video, &report, &fault);
    if (rc == RC_OK)
        rc = face_may_user(request, user, &fault);
    struct command *command = rc == RC_OK ? face_command(request, CMD_REPORTS, FACE_PTS, user) : NULL;
    if (rc == RC_OK && (!command || !face_reports(request, command, 1)))
        rc = fault_no_memory(&fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->reports[0] = report;
    submit(request, command, encode_video);
}

void pts_video(struct request *request)
{
    post_video(request, (struct text){NULL, 0}, (struct text){NULL, 0});
}

void pts_video_path(struct request *request)
{
    struct fault fault = {NULL, NULL};
    enum rc rc = request_id_param(request, 0, "userId", &fault);

    if (rc == RC_OK)
        rc = request_id_param(request, 1, "videoId", &fault);
    if (rc == RC_OK)
        post_video(request, face_param(request, 0), face_param(request, 1));
    else
        request_fail(request, rc, &fault);
}

/* ---- POST Progress/videos/bulk: all or nothing ---- */

static void encode_bulk(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    json_open(&out, '[');
    for (uint32_t i = 0; i < command->report_count; i++)
        put_report(&out, command, view, &command->reports[i]);
    json_close(&out, ']');
}

static enum rc decode_bulk(struct request *request, json_t *list, struct command **out_command,
                           struct fault *fault)
{
    const struct caller *caller = face_caller(request);
    struct text self = {caller->id, caller->id_size};
    struct command *command = face_command(request, CMD_REPORTS, FACE_PTS, self);
    struct text other = {NULL, 0};
    struct fault refusal = {NULL, NULL};
    size_t index;
    json_t *entry;

    if (!command || !face_reports(request, command, (uint32_t)json_array_size(list)))
        return fault_no_memory(fault);
    json_array_foreach(list, index, entry)
    {
        struct body item = {entry, SPELLING_ANY_CASE}; /* borrowed: not freed */
        struct text user = {NULL, 0};
        if (!json_is_object(entry))
            return fault_set(fault, RC_INVALID, "videoProgresses", "each item must be an object");
        enum rc rc = json_in_case_clash(entry, fault);
        if (rc == RC_OK && !body_get(&item, "UserId"))
            user = self; /* the token says who it is */
        if (rc == RC_OK)
            rc = pts_report_decode(request, &item, &user, (struct text){NULL, 0}, &command->reports[index],
                                   fault);
        if (rc != RC_OK)
            return rc;
        if (!other.bytes && face_may_user(request, user, &refusal) != RC_OK)
            other = user;
    }
    if (other.bytes) /* whose they are comes after what they are */
        return face_may_user(request, other, fault);
    *out_command = command;
    return RC_OK;
}

void pts_videos_bulk(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct command *command = NULL;
    BODY body = {NULL, SPELLING_ANY_CASE};
    enum rc rc = face_body(request, SPELLING_ANY_CASE, &body, &fault);
    json_t *list = rc == RC_OK ? body_get(&body, "videoProgresses") : NULL;

    if (rc == RC_OK && !json_is_array(list))
        rc = fault_set(&fault, RC_INVALID, "videoProgresses", list ? "must be an array" : "is required");
    if (rc == RC_OK && json_array_size(list) > BULK_MAX)
        rc = fault_set(&fault, RC_INVALID, "videoProgresses", "has at most 1,000 items");
    if (rc == RC_OK)
        rc = decode_bulk(request, list, &command, &fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    submit(request, command, encode_bulk);
}

/* ---- webhooks ---- */

static void encode_nothing(struct command *command, struct view view)
{
    (void)view;
    buf_text(command->answer.body, "{}");
}

void pts_enrollment(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct pts_webhook told = {.kind = CMD_ENROL};
    BODY body = {NULL, SPELLING_ANY_CASE};
    enum rc rc = face_body(request, SPELLING_ANY_CASE, &body, &fault);

    if (rc == RC_OK)
        rc = pts_webhook_decode(request, &body, &told, &fault);
    struct command *command = rc == RC_OK ? face_command(request, told.kind, FACE_PTS, told.user) : NULL;
    if (rc == RC_OK && !command)
        rc = fault_no_memory(&fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->webhook = true;
    command->course = told.course;
    command->users = told.user.bytes ? &command->learner : told.users;
    command->user_count = told.user_count;
    command->has_occurred = told.has_occurred;
    command->occurred_ms = told.occurred_ms;
    face_submit(request, command, encode_nothing);
}

/* Drops what is cached of a course or video from the CMS. */
static void drop_cached(struct request *request, const char *member, enum cms_kind kind)
{
    struct fault fault = {NULL, NULL};
    struct text id;
    BODY body = {NULL, SPELLING_ANY_CASE};
    enum rc rc = face_body(request, SPELLING_ANY_CASE, &body, &fault);

    if (rc == RC_OK)
        rc = face_id(request, &body, member, true, &id, &fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    if (face_of(request)->cms)
        cms_drop(face_of(request)->cms, kind, id.bytes);
    buf_text(&request->out, "{}");
    request_reply(request, 200, "application/json");
}

void pts_course_updated(struct request *request)
{
    drop_cached(request, "CourseId", CMS_COURSE);
}

void pts_video_updated(struct request *request)
{
    drop_cached(request, "VideoId", CMS_VIDEO);
}
