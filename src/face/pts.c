#include "face/pts.h"

#include <stdlib.h>
#include <string.h>

#include "face/face.h"
#include "face/pts_report.h"
#include "face/pts_titles.h"

enum { RECENT_MAX = 5, BULK_MAX = 1000 };

/* ---- encoding ---- */

/* item's record may be NULL: a declared video that was not started. */
static void put_video(struct json_out *out, struct titles *titles, struct view view, uint32_t item,
                      const struct record *record)
{
    const struct item_slot *slot = view_item_slot(view, item);
    struct title title = titles_look(titles, view, false, item, slot->id);

    json_open(out, '{');
    json_name(out, "id");
    if (record)
        json_int(out, record->id);
    else
        json_null_value(out);
    json_put_text(out, "videoId", slot->id);
    json_put_text(out, "videoTitle", title.text);
    json_put_int(out, "currentTimeSeconds", record ? record->position_ms / 1000 : 0);
    json_put_hundredths(out, "completionPercentage", record ? record->percent_hundredths : 0);
    json_put_bool(out, "isCompleted", record && record->status == ITEM_COMPLETED);
    json_put_instant(out, "lastWatched",
                     !record ? INSTANT_NEVER : record->flags & RECORD_WATCHED_AT ? record->last_watched_ms : record->updated_at_ms);
    if (title.duration_s)
        json_put_int(out, "durationSeconds", title.duration_s);
    if (title.mock)
        json_put_bool(out, "mock", true);
    json_close(out, '}');
}

static const struct record *reported(const struct learner *learner, uint32_t item)
{
    const struct record *record = learner ? learner_record(learner, item) : NULL;
    return record && record->flags & RECORD_REPORTED ? record : NULL;
}

struct video_sums {
    int64_t videos, completed, watch_ms;
};

/* Videos of a course and what the learner did with them: type video or unknown only. */
static struct video_sums sum_videos(struct view view, const struct course_def *course, const struct learner *learner)
{
    struct video_sums sums = {0, 0, 0};

    for (uint32_t i = 0; course && i < course->item_count; i++) {
        if (!is_video(view_item(view, course->items[i])))
            continue;
        const struct record *record = reported(learner, course->items[i]);
        sums.videos++;
        sums.completed += record && record->status == ITEM_COMPLETED;
        sums.watch_ms += record ? record_watch_ms(record) : 0;
    }
    return sums;
}

static int64_t last_access(const struct enrolment *enrolment)
{
    return enrolment->last_activity_ms != INSTANT_NEVER ? enrolment->last_activity_ms : enrolment->enrolled_at_ms;
}

/* Declared videos not started are listed with zeros; of an observed course only what the learner has. */
static void put_videos(struct json_out *out, struct titles *titles, struct view view, uint32_t course,
                       const struct learner *learner)
{
    const struct course_def *def = view_course(view, course);

    for (uint32_t i = 0; i < def->item_count; i++) {
        const struct record *record = reported(learner, def->items[i]);
        if (is_video(view_item(view, def->items[i])) && (record || def->declared))
            put_video(out, titles, view, def->items[i], record);
    }
}

static void put_course(struct json_out *out, struct titles *titles, struct view view, uint32_t course,
                       const struct learner *learner, bool with_videos)
{
    const struct course_def *def = view_course(view, course);
    const struct enrolment *enrolment = learner ? learner_enrolment(learner, course) : NULL;
    const char *id = view_course_slot(view, course)->id;
    struct video_sums sums = sum_videos(view, def, learner);
    struct title title = titles_look(titles, view, true, course, id);

    json_open(out, '{');
    json_name(out, "id");
    if (enrolment)
        json_int(out, enrolment->id);
    else
        json_null_value(out);
    json_put_text(out, "courseId", id);
    json_put_text(out, "courseTitle", title.text);
    json_put_int(out, "completedVideos", sums.completed);
    json_put_int(out, "totalVideos", sums.videos);
    json_put_hundredths(out, "completionPercentage",
                        enrolment ? course_percent_hundredths(enrolment->completed_required, def->required_count) : 0);
    json_put_int(out, "totalWatchTimeSeconds", sums.watch_ms / 1000);
    json_put_instant(out, "lastAccessed", enrolment ? last_access(enrolment) : INSTANT_NEVER);
    json_put_open(out, "videoProgresses", '[');
    if (with_videos)
        put_videos(out, titles, view, course, learner);
    json_close(out, ']');
    if (title.mock)
        json_put_bool(out, "mock", true);
    json_close(out, '}');
}

/* ---- GET Progress/summary/{userId} ---- */

static int by_access(const void *a, const void *b)
{
    const struct enrolment *left = *(const struct enrolment *const *)a, *right = *(const struct enrolment *const *)b;

    if (last_access(left) != last_access(right))
        return last_access(left) > last_access(right) ? -1 : 1;
    return left->id > right->id ? -1 : left->id < right->id;
}

static void put_summary(struct request *request, struct titles *titles, struct view view, struct text user,
                        const struct learner *learner)
{
    struct json_out out = {&request->out, false};
    const struct enrolment **live = arena_alloc(&request->arena, (learner->enrolment_count + 1) * sizeof *live);
    int64_t enrolled = 0, completed = 0, videos = 0, watch_ms = 0;

    for (uint32_t i = 0; live && i < learner->enrolment_count; i++) {
        const struct enrolment *enrolment = &learner->enrolments[i];
        struct course_facts facts = view_course_facts(view, enrolment->course);
        enum enrolment_state state = enrolment_state(enrolment, &facts);
        completed += state == ENR_COMPLETED || state == ENR_CERTIFIED;
        if (state != ENR_DROPPED && state != ENR_EXPIRED && view_course(view, enrolment->course))
            live[enrolled++] = enrolment;
    }
    for (uint32_t i = 0; i < learner->record_count; i++) {
        const struct record *record = &learner->records[i];
        if (!(record->flags & RECORD_REPORTED) || !is_video(view_item(view, record->item)))
            continue;
        videos += record->status == ITEM_COMPLETED;
        watch_ms += record_watch_ms(record);
    }
    if (live && enrolled)
        qsort(live, (size_t)enrolled, sizeof *live, by_access);
    json_open(&out, '{');
    json_put_text(&out, "userId", user.bytes);
    json_put_int(&out, "totalCoursesEnrolled", enrolled);
    json_put_int(&out, "completedCourses", completed);
    json_put_int(&out, "totalVideosWatched", videos);
    json_put_hundredths(&out, "totalWatchTimeHours", rounded_ratio(watch_ms, 100, 3600000));
    json_put_open(&out, "recentCourses", '[');
    for (int64_t i = 0; live && i < enrolled && i < RECENT_MAX; i++)
        put_course(&out, titles, view, live[i]->course, learner, false);
    json_close(&out, ']');
    json_close(&out, '}');
}

void pts_summary(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct titles *titles = titles_of(request);
    enum rc rc = titles ? request_id_param(request, 0, "userId", &fault) : RC_BUSY;

    if (rc == RC_OK) {
        struct text user = face_param(request, 0);
        struct view view = image_read_begin(face_of(request)->image);
        rc = face_may(request, view, ACCESS_OWN_STUDENT, user, 0, false, &fault);
        const struct learner *learner = view_learner(view, view_learner_key(view, user.bytes, user.size));
        if (rc == RC_OK && !learner)
            rc = fault_set(&fault, RC_NOT_FOUND, NULL, "User not found");
        if (rc == RC_OK)
            put_summary(request, titles, view, user, learner);
        image_read_end(view);
    }
    if (rc == RC_OK && titles_fetch(titles, pts_summary))
        return;
    if (rc == RC_OK)
        request_reply(request, 200, "application/json");
    else
        request_fail(request, rc, &fault);
}

/* ---- GET Progress/course and Progress/videos ---- */

static void read_course(struct request *request, bool videos_only)
{
    struct fault fault = {NULL, NULL};
    struct json_out out = {&request->out, false};
    struct titles *titles = titles_of(request);
    enum rc rc = titles ? request_id_param(request, 0, "userId", &fault) : RC_BUSY;

    if (rc == RC_OK)
        rc = request_id_param(request, 1, "courseId", &fault);
    if (rc == RC_OK) {
        struct text user = face_param(request, 0);
        struct view view = image_read_begin(face_of(request)->image);
        uint32_t course = 0;
        rc = face_may(request, view, ACCESS_OWN_STUDENT, user, 0, false, &fault);
        if (rc == RC_OK)
            rc = face_course(view, face_param(request, 1), &course, &fault);
        const struct learner *learner = view_learner(view, view_learner_key(view, user.bytes, user.size));
        if (rc == RC_OK && videos_only) {
            json_open(&out, '[');
            put_videos(&out, titles, view, course, learner);
            json_close(&out, ']');
        } else if (rc == RC_OK) {
            put_course(&out, titles, view, course, learner, true);
        }
        image_read_end(view);
    }
    if (rc == RC_OK && titles_fetch(titles, videos_only ? pts_videos : pts_course))
        return;
    if (rc == RC_OK)
        request_reply(request, 200, "application/json");
    else
        request_fail(request, rc, &fault);
}

void pts_course(struct request *request)
{
    read_course(request, false);
}

void pts_videos(struct request *request)
{
    read_course(request, true);
}

/* ---- POST Progress/video ---- */

static void put_report(struct json_out *out, struct command *command, struct view view,
                       const struct item_report *report)
{
    const struct learner *learner = view_learner(view, command->learner_key);
    uint32_t item = report->item_key;

    put_video(out, titles_of(command->waiter), view, item, reported(learner, item));
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
        struct view view = image_read_begin(face_of(request)->image);
        for (uint32_t i = 0; i < command->report_count; i++) {
            struct text id = command->reports[i].item;
            (void)titles_look(titles, view, false, view_item_key(view, id.bytes, id.size), id.bytes); /* noted as wanted */
        }
        image_read_end(view);
    }
    if (!titles_fetch(titles, titles_known))
        titles_known(request);
}

static void encode_video(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};
    const struct learner *learner = view_learner(view, command->learner_key);

    put_report(&out, command, view, &command->reports[0]);
    etag_of_record(reported(learner, command->reports[0].item_key), command->answer.etag);
}

static void post_video(struct request *request, struct text user, struct text video)
{
    struct fault fault = {NULL, NULL};
    struct item_report report = {.rc = RC_OK};
    BODY body = {NULL, SPELLING_ANY_CASE};
    enum rc rc = face_body(request, BODY_PLAIN, SPELLING_ANY_CASE, &body, &fault);

    if (rc == RC_OK)
        rc = pts_report_decode(request, &body, &user, video, &report, &fault);
    if (rc == RC_OK)
        rc = face_may_user(request, user, &fault);
    struct command *command = rc == RC_OK ? face_command(request, CMD_REPORTS, FACE_PTS, user) : NULL;
    if (rc == RC_OK && (!command || !face_reports(request, command, 1)))
        rc = fault_set(&fault, RC_BUSY, NULL, "out of memory");
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

static enum rc decode_bulk(struct request *request, json_t *list, struct command **out_command, struct fault *fault)
{
    const struct caller *caller = face_caller(request);
    struct text self = {caller->id, caller->id_size};
    struct command *command = face_command(request, CMD_REPORTS, FACE_PTS, self);
    size_t index;
    json_t *entry;

    if (!command || !face_reports(request, command, (uint32_t)json_array_size(list)))
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    json_array_foreach(list, index, entry) {
        struct body item = {entry, SPELLING_ANY_CASE}; /* borrowed: not freed */
        struct text user = {NULL, 0};
        if (!json_is_object(entry))
            return fault_set(fault, RC_INVALID, "videoProgresses", "each item must be an object");
        enum rc rc = json_in_case_clash(entry, fault);
        if (rc == RC_OK && !body_get(&item, "UserId"))
            user = self; /* the token says who it is */
        if (rc == RC_OK)
            rc = pts_report_decode(request, &item, &user, (struct text){NULL, 0}, &command->reports[index], fault);
        if (rc == RC_OK)
            rc = face_may_user(request, user, fault);
        if (rc != RC_OK)
            return rc;
    }
    *out_command = command;
    return RC_OK;
}

void pts_videos_bulk(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct command *command = NULL;
    BODY body = {NULL, SPELLING_ANY_CASE};
    enum rc rc = face_body(request, BODY_GZIP, SPELLING_ANY_CASE, &body, &fault);
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
    struct text user = {NULL, 0}, course = {NULL, 0};
    enum command_kind kind = CMD_ENROL;
    BODY body = {NULL, SPELLING_ANY_CASE};
    enum rc rc = face_body(request, BODY_PLAIN, SPELLING_ANY_CASE, &body, &fault);

    if (rc == RC_OK)
        rc = face_id(request, &body, "UserId", true, &user, &fault);
    if (rc == RC_OK)
        rc = face_id(request, &body, "CourseId", true, &course, &fault);
    if (rc == RC_OK)
        rc = pts_action_decode(body_get(&body, "Action"), &kind, &fault);
    struct command *command = rc == RC_OK ? face_command(request, kind, FACE_PTS, user) : NULL;
    if (rc == RC_OK && !command)
        rc = fault_set(&fault, RC_BUSY, NULL, "out of memory");
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->course = course;
    face_submit(request, command, encode_nothing);
}

/* Drops what is cached of a course or video from the CMS. */
static void drop_cached(struct request *request, const char *member, enum cms_kind kind)
{
    struct fault fault = {NULL, NULL};
    struct text id;
    BODY body = {NULL, SPELLING_ANY_CASE};
    enum rc rc = face_body(request, BODY_PLAIN, SPELLING_ANY_CASE, &body, &fault);

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
