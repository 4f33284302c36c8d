#include "face/courseroom/courseroom.h"

#include <string.h>
#include <strings.h>

#include "face/courseroom/courseroom_decode.h"
#include "face/courseroom/courseroom_encode.h"
#include "face/show.h"

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

static enum rc decode_certify(struct request *request, const struct body *body, struct command *command,
                              struct fault *fault)
{
    return certificate_url(request, body, &command->url, fault);
}

const struct write_handler courseroom_certify = {CMD_CERTIFY, .decode = decode_certify,
                                                 .encode = encode_enrolment};

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

static enum rc decode_reset(struct request *request, const struct body *body, struct command *command,
                            struct fault *fault)
{
    enum rc rc = courseroom_id(request, body, "courseId", &command->course, fault);

    if (rc == RC_OK)
        rc = courseroom_id(request, body, "userId", &command->learner, fault);
    if (rc == RC_OK && body_get(body, "courseContentId"))
        rc = courseroom_item(request, body, &command->item, fault);
    return rc;
}

const struct write_handler courseroom_reset = {CMD_RESET, .decode = decode_reset, .encode = encode_reset};
