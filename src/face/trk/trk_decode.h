#pragma once

#include "app/command.h"
#include "face/body.h"

/* The bodies of trk's writes. */

/* score and maxScore, each optional. RC_INVALID names one. */
MUST_CHECK enum rc trk_decode_score(const struct body *body, struct report *report, struct fault *fault);

/* A POST /api/progress. */
MUST_CHECK enum rc trk_decode_post(struct request *request, const struct body *body, struct item_report *out,
                                   struct fault *fault);
