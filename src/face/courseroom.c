#include "face/courseroom.h"

#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "face/courseroom_out.h"
#include "face/csv.h"
#include "face/face.h"

/* What GET /user-progress/:courseId/:userId and its two neighbours look at. */
struct target {
    struct text course_id, user;
    uint32_t course;
    const struct learner *learner;
    const struct enrolment *enrolment;
};

/* Path, right, existence: in that order. The caller ends the view whatever the result. */
static enum rc find_target(struct request *request, struct view view, struct target *out, struct fault *fault)
{
    enum rc rc = courseroom_param(request, 0, "courseId", &out->course_id, fault);

    if (rc == RC_OK)
        rc = courseroom_param(request, 1, "userId", &out->user, fault);
    if (rc != RC_OK)
        return rc;
    out->course = view_course_key(view, out->course_id.bytes, out->course_id.size);
    rc = face_may(request, view, ACCESS_COURSE_RECORD, out->user, out->course, true, fault);
    if (rc != RC_OK)
        return rc;
    out->learner = view_learner(view, view_learner_key(view, out->user.bytes, out->user.size));
    if (!view_course(view, out->course) || !out->learner)
        return fault_set(fault, RC_NOT_FOUND, NULL, "User or course not found");
    out->enrolment = learner_enrolment(out->learner, out->course);
    return RC_OK;
}

void courseroom_get(struct request *request)
{
    struct face_context *context = face_of(request);
    struct json_out out = {&request->out, false};
    struct fault fault = {NULL, NULL};
    struct target target = {.course = 0};
    struct view view = image_read_begin(context->image);
    enum rc rc = find_target(request, view, &target, &fault);

    if (rc == RC_OK) {
        uint32_t count;
        const struct record **records =
            records_of_course(&request->arena, view, target.learner, target.course, &count);
        courseroom_open(&out, "User progress retrieved successfully");
        json_open(&out, '{');
        json_name(&out, "enrollments");
        courseroom_put_enrolment(&out, view, context->zone, target.user, target.enrolment);
        json_put_open(&out, "activityLogs", '[');
        for (uint32_t i = 0; records && i < count; i++)
            courseroom_put_activity(&out, view, context->zone, target.user, records[i]);
        json_close(&out, ']');
        json_close(&out, '}');
        json_close(&out, '}');
    }
    face_end_read(request, view, rc, &fault);
}

/* ---- activities ---- */

struct activity_filter {
    int64_t from_ms, to_ms; /* inclusive */
    const char *status;     /* NULL: any */
    int64_t limit, offset;
};

/* A bare date means the whole day in display_timezone. Contract 3. */
static enum rc query_bound(struct request *request, const char *name, bool end, int64_t *inout_ms,
                           struct fault *fault)
{
    const char *text;
    int64_t ms;
    enum rc rc = request_query(request, name, &text, fault);

    if (rc != RC_OK || !text)
        return rc;
    switch (instant_parse(text, strlen(text), &ms)) {
    case INSTANT_FULL:
        *inout_ms = ms;
        return RC_OK;
    case INSTANT_DATE:
        ms = zone_day_start_ms(face_of(request)->zone, instant_day(ms) + (end ? 1 : 0)) - (end ? 1 : 0);
        *inout_ms = ms;
        return RC_OK;
    default:
        return fault_set(fault, RC_INVALID, name, "must be an ISO 8601 date or instant");
    }
}

static enum rc read_filter(struct request *request, struct activity_filter *filter, struct fault *fault)
{
    static const char *const statuses[] = {"NOT_STARTED", "IN_PROGRESS", "COMPLETED", "LOCKED"};
    const char *status;
    enum rc rc = query_bound(request, "startDate", false, &filter->from_ms, fault);

    if (rc == RC_OK)
        rc = query_bound(request, "endDate", true, &filter->to_ms, fault);
    if (rc == RC_OK)
        rc = request_query(request, "status", &status, fault);
    if (rc == RC_OK)
        rc = face_query_number(request, "limit", 1, 1000000, &filter->limit, fault);
    if (rc == RC_OK)
        rc = face_query_number(request, "offset", 0, INT32_MAX, &filter->offset, fault);
    if (rc != RC_OK || !status)
        return rc;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (strcasecmp(status, statuses[i]) == 0) {
            filter->status = statuses[i];
            return RC_OK;
        }
    return fault_set(fault, RC_INVALID, "status", "must be NOT_STARTED, IN_PROGRESS, COMPLETED or LOCKED");
}

/* The header of a table without rows. */
static const char activity_columns[] =
    "v_created_date,v_created_time,v_updated_date,v_updated_time,progressId,userId,courseId,courseContentId,"
    "progressStatus,activityDuration,progressPercent,user_course_content_progress_created_at,"
    "user_course_content_progress_updated_at";

void courseroom_activities(struct request *request)
{
    struct face_context *context = face_of(request);
    struct json_out out = {&request->out, false};
    struct activity_filter filter = {INT64_MIN, INT64_MAX, NULL, INT64_MAX, 0};
    struct fault fault = {NULL, NULL};
    struct target target = {.course = 0};
    struct view view = image_read_begin(context->image);
    struct text unused;
    enum rc rc = courseroom_param(request, 0, "courseId", &unused, &fault);

    if (rc == RC_OK)
        rc = read_filter(request, &filter, &fault);
    if (rc == RC_OK)
        rc = find_target(request, view, &target, &fault);
    if (rc == RC_OK) {
        uint32_t count;
        int64_t place = 0;
        const struct record **records =
            records_of_course(&request->arena, view, target.learner, target.course, &count);
        courseroom_open(&out, "Activity logs retrieved successfully");
        json_open(&out, '[');
        for (uint32_t i = 0; records && i < count; i++) {
            const struct record *record = records[i];
            if (record->updated_at_ms < filter.from_ms || record->updated_at_ms > filter.to_ms ||
                (filter.status && strcmp(filter.status, status_name(record)) != 0))
                continue;
            if (place >= filter.offset && place - filter.offset < filter.limit)
                courseroom_put_activity(&out, view, context->zone, target.user, record);
            place++;
        }
        json_close(&out, ']');
        json_close(&out, '}');
    }
    image_read_end(view);
    if (rc == RC_OK)
        face_reply_table(request, "results", activity_columns);
    else
        request_fail(request, rc, &fault);
}

void courseroom_certificate(struct request *request)
{
    struct face_context *context = face_of(request);
    struct json_out out = {&request->out, false};
    struct fault fault = {NULL, NULL};
    struct target target = {.course = 0};
    struct view view = image_read_begin(context->image);
    enum rc rc = find_target(request, view, &target, &fault);

    if (rc == RC_OK && (!target.enrolment || target.enrolment->class != CLASS_CERTIFIED))
        rc = fault_set(&fault, RC_NOT_FOUND, NULL, "Certificate not found");
    if (rc == RC_OK) {
        courseroom_open(&out, "Certificate retrieved successfully");
        courseroom_put_enrolment(&out, view, context->zone, target.user, target.enrolment);
        json_close(&out, '}');
    }
    face_end_read(request, view, rc, &fault);
}

/* ---- certify, reset ---- */

static void encode_enrolment(struct command *command, struct view view)
{
    struct request *request = command->waiter;
    struct json_out out = {command->answer.body, false};
    const struct learner *learner = view_learner(view, command->learner_key);

    courseroom_open(&out, "Enrollment certified successfully");
    courseroom_put_enrolment(&out, view, face_of(request)->zone, command->learner,
                             learner ? learner_enrolment(learner, command->course_key) : NULL);
    json_close(&out, '}');
}

/* https and nothing that a page would run: reliability A175. */
static enum rc certificate_url(struct request *request, const struct body *body, struct text *out,
                               struct fault *fault)
{
    const char *url;
    enum rc rc = json_in_text(body_get(body, "certificateUrl"), "certificateUrl", 500, &url, fault);

    if (rc != RC_OK)
        return rc;
    if (strncasecmp(url, "https://", 8) != 0 || strlen(url) < 10)
        return fault_set(fault, RC_INVALID, "certificateUrl", "must be an https URL");
    for (const char *at = url; *at; at++)
        if ((unsigned char)*at <= 0x20 || *at == 0x7f || *at == '"' || *at == '<' || *at == '>')
            return fault_set(fault, RC_INVALID, "certificateUrl", "must be an https URL");
    *out = (struct text){arena_copy(&request->arena, url, strlen(url)), (uint32_t)strlen(url)};
    return RC_OK;
}

void courseroom_certify(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct text course, user, url = {NULL, 0};
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = courseroom_param(request, 0, "courseId", &course, &fault);

    if (rc == RC_OK)
        rc = courseroom_param(request, 1, "userId", &user, &fault);
    if (rc == RC_OK)
        rc = face_body(request, BODY_PLAIN, SPELLING_EXACT, &body, &fault);
    if (rc == RC_OK)
        rc = certificate_url(request, &body, &url, &fault);
    if (rc == RC_OK) {
        struct view view = image_read_begin(face_of(request)->image);
        uint32_t key = view_course_key(view, course.bytes, course.size);
        rc = face_may(request, view, ACCESS_COURSE_STAFF, user, key, true, &fault);
        image_read_end(view);
    }
    struct command *command = rc == RC_OK ? face_command(request, CMD_CERTIFY, FACE_COURSEROOM, user) : NULL;
    if (rc == RC_OK && !command)
        rc = fault_set(&fault, RC_BUSY, NULL, "out of memory");
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->course = course;
    command->url = url;
    face_submit(request, command, encode_enrolment);
}

static void encode_reset(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    (void)view;
    courseroom_open(&out, "Progress reset successfully");
    json_open(&out, '{');
    json_put_id(&out, "userId", command->learner);
    json_put_id(&out, "courseId", command->course);
    if (command->item.bytes)
        json_put_id(&out, "courseContentId", command->item);
    else
        json_put_null(&out, "courseContentId");
    json_put_int(&out, "resetCount", command->count);
    json_close(&out, '}');
    json_close(&out, '}');
}

void courseroom_reset(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct text course = {NULL, 0}, user = {NULL, 0}, item = {NULL, 0};
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = face_body(request, BODY_PLAIN, SPELLING_EXACT, &body, &fault);

    if (rc == RC_OK)
        rc = courseroom_id(request, &body, "courseId", &course, &fault);
    if (rc == RC_OK)
        rc = courseroom_id(request, &body, "userId", &user, &fault);
    if (rc == RC_OK && body_get(&body, "courseContentId"))
        rc = courseroom_id(request, &body, "courseContentId", &item, &fault);
    if (rc == RC_OK) {
        struct view view = image_read_begin(face_of(request)->image);
        uint32_t key = view_course_key(view, course.bytes, course.size);
        rc = face_may(request, view, ACCESS_COURSE_STAFF, user, key, true, &fault);
        image_read_end(view);
    }
    struct command *command = rc == RC_OK ? face_command(request, CMD_RESET, FACE_COURSEROOM, user) : NULL;
    if (rc == RC_OK && !command)
        rc = fault_set(&fault, RC_BUSY, NULL, "out of memory");
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->course = course;
    command->item = item;
    face_submit(request, command, encode_reset);
}
