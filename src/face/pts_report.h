#pragma once

#include "face/face.h"

/* Decodes the members of a POST Progress/video, in any case; ids that the path gives already are not needed in
 * the body but must agree with it. user, video: bytes NULL when the path gives none. */
MUST_CHECK enum rc pts_report_decode(struct request *request, const struct body *body, struct text *user,
                                     struct text video, struct item_report *out, struct fault *fault);

/* The webhook's Action. RC_INVALID names it. Source: contract 2. */
MUST_CHECK enum rc pts_action_decode(const json_t *value, enum command_kind *out_kind, struct fault *fault);
