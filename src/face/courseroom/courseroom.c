#include "face/courseroom/courseroom.h"

#include <string.h>
#include <strings.h>

#include "face/body.h"
#include "face/courseroom/courseroom_decode.h"
#include "face/courseroom/courseroom_encode.h"
#include "face/face.h"
#include "face/read.h"
#include "face/show.h"
#include "face/write.h"

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
    if (strncasecmp(url, "https://", 8) != 0 || strcspn(url + 8, "/?#:") == 0) /* a host, however short */
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
        rc = face_body(request, SPELLING_EXACT, &body, &fault);
    if (rc == RC_OK)
        rc = certificate_url(request, &body, &url, &fault);
    if (rc == RC_OK) {
        struct view view = model_read_begin(face_of(request)->model);
        uint32_t key = view_course_key(view, course.bytes, course.size);
        rc = face_may(request, view, ACCESS_COURSE_STAFF, user, key, true, &fault);
        model_read_end(view);
    }
    struct command *command = rc == RC_OK ? face_command(request, CMD_CERTIFY, FACE_COURSEROOM, user) : NULL;
    if (rc == RC_OK && !command)
        rc = fault_no_memory(&fault);
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
    enum rc rc = face_body(request, SPELLING_EXACT, &body, &fault);

    if (rc == RC_OK)
        rc = courseroom_id(request, &body, "courseId", &course, &fault);
    if (rc == RC_OK)
        rc = courseroom_id(request, &body, "userId", &user, &fault);
    if (rc == RC_OK && body_get(&body, "courseContentId"))
        rc = courseroom_id(request, &body, "courseContentId", &item, &fault);
    if (rc == RC_OK) {
        struct view view = model_read_begin(face_of(request)->model);
        uint32_t key = view_course_key(view, course.bytes, course.size);
        rc = face_may(request, view, ACCESS_COURSE_STAFF, user, key, true, &fault);
        model_read_end(view);
    }
    struct command *command = rc == RC_OK ? face_command(request, CMD_RESET, FACE_COURSEROOM, user) : NULL;
    if (rc == RC_OK && !command)
        rc = fault_no_memory(&fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->course = course;
    command->item = item;
    face_submit(request, command, encode_reset);
}
