#pragma once

#include "app/command.h"
#include "face/body.h"

/* Decodes the members of a POST Progress/video, in any case; ids that the path gives already are not needed
 * in the body but must agree with it. user, video: bytes NULL when the path gives none. */
MUST_CHECK enum rc pts_report_decode(struct request *request, const struct body *body, struct text *user,
                                     struct text video, struct item_report *out, struct fault *fault);

/* What the enrolment webhook tells. */
struct pts_webhook {
    enum command_kind kind;
    struct text user, course; /* user: bytes NULL when it lists several */
    const struct text *users; /* each once; NULL: user alone */
    uint32_t user_count;
    bool has_occurred;
    int64_t occurred_ms; /* INT64_MAX: now */
};

/* Its members, in any case. RC_INVALID names one. Source: contract 2. */
MUST_CHECK enum rc pts_webhook_decode(struct request *request, const struct body *body,
                                      struct pts_webhook *out, struct fault *fault);
