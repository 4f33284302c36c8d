#pragma once

#include "app/command.h"
#include "face/body.h"

/* Decodes one player report: a POST /progress/update body, or an item of a sync. */
MUST_CHECK enum rc video_report_decode(struct request *request, json_t *object, struct item_report *out,
                                       struct fault *fault);
