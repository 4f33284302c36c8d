#include "face/pts/pts.h"

#include "face/pts/pts_decode.h"
#include "face/pts/pts_encode.h"
#include "face/pts/pts_titles.h"

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

/* Asks for titles first, so that the answer, also one kept for an Idempotency-Key, can show them. */
static void ask_titles(struct request *request, struct command *command)
{
    struct titles *titles = titles_of(request);

    if (!titles) {
        request_fail(request, RC_BUSY, &(struct fault){NULL, "out of memory"});
        return;
    }
    if (face_of(request)->cms) {
        struct view view = service_read_begin(face_of(request)->service);
        for (uint32_t i = 0; i < command->report_count; i++) {
            struct text id = command->reports[i].item;
            titles_want(titles, view, false, view_item_key(view, id.bytes, id.size), id.bytes);
        }
        service_read_end(view);
    }
    if (!titles_fetch(titles, write_submit))
        write_submit(request);
}

static void encode_video(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};
    const struct learner *learner = view_learner(view, command->learner_key);

    put_report(&out, command, view, &command->reports[0]);
    etag_of_record(pts_reported(learner, command->reports[0].item_key), command->answer.etag);
}

static enum rc decode_video(struct request *request, const struct body *body, struct command *command,
                            struct fault *fault)
{
    if (!face_reports(request, command, 1))
        return fault_no_memory(fault);
    return pts_report_decode(request, body, &command->learner, face_call(request)->item, &command->reports[0],
                             fault);
}

const struct write_handler pts_video = {
    CMD_REPORTS,           .decode = decode_video, .before = ask_titles,
    .looks = true,         .encode = encode_video, .spelling = SPELLING_ANY_CASE,
    .all_or_nothing = true};

/* ---- POST Progress/videos/bulk: all or nothing ---- */

static void encode_bulk(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    json_open(&out, '[');
    for (uint32_t i = 0; i < command->report_count; i++)
        put_report(&out, command, view, &command->reports[i]);
    json_close(&out, ']');
}

/* Whose they are: the first who is not the caller, so that access is asked about them. */
static enum rc decode_bulk(struct request *request, const struct body *body, struct command *command,
                           struct fault *fault)
{
    const struct caller *caller = face_caller(request);
    struct text self = {caller->id, caller->id_size};
    json_t *list = body_get(body, "videoProgresses"), *entry;
    size_t index;

    command->learner = self;
    if (!json_is_array(list))
        return fault_set(fault, RC_INVALID, "videoProgresses", list ? "must be an array" : "is required");
    if (json_array_size(list) > BULK_MAX)
        return fault_set(fault, RC_INVALID, "videoProgresses", "has at most 1,000 items");
    if (!face_reports(request, command, (uint32_t)json_array_size(list)))
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
        if (text_equal(command->learner, self))
            command->learner = user;
    }
    return RC_OK;
}

const struct write_handler pts_videos_bulk = {
    CMD_REPORTS,           .decode = decode_bulk,         .before = ask_titles,  .looks = true,
    .encode = encode_bulk, .spelling = SPELLING_ANY_CASE, .all_or_nothing = true};

/* ---- webhooks ---- */

static void encode_nothing(struct command *command, struct view view)
{
    (void)view;
    buf_text(command->answer.body, "{}");
}

static enum rc decode_enrollment(struct request *request, const struct body *body, struct command *command,
                                 struct fault *fault)
{
    struct pts_webhook told = {.kind = CMD_ENROL};
    enum rc rc = pts_webhook_decode(request, body, &told, fault);

    if (rc != RC_OK)
        return rc;
    command->kind = told.kind;
    command->webhook = true;
    command->learner = told.user;
    command->course = told.course;
    command->users = told.user.bytes ? &command->learner : told.users;
    command->user_count = told.user_count;
    command->has_occurred = told.has_occurred;
    command->occurred_ms = told.occurred_ms;
    return RC_OK;
}

const struct write_handler pts_enrollment = {CMD_ENROL, .decode = decode_enrollment, .encode = encode_nothing,
                                             .spelling = SPELLING_ANY_CASE};

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
