#include "face/trk/trk_decode.h"

#include <string.h>

#include "face/show.h"

enum rc trk_decode_score(const struct body *body, struct report *report, struct fault *fault)
{
    json_t *score = body_get(body, "score"), *max = body_get(body, "maxScore");
    enum rc rc = RC_OK;

    if (score) {
        rc = json_in_scaled(score, "score", 4, 0, 1000000000, &report->score_e4, fault);
        report->has |= HAS_SCORE;
    }
    if (rc == RC_OK && max) {
        rc = json_in_scaled(max, "maxScore", 4, 0, 1000000000, &report->max_score_e4, fault);
        report->has |= HAS_MAX_SCORE;
    }
    if (rc == RC_OK && score && max && report->score_e4 > report->max_score_e4)
        rc = fault_set(fault, RC_INVALID, "score", "score must not be above maxScore");
    return rc;
}

static enum rc decode_type(struct request *request, const struct body *body, struct text *out,
                           struct fault *fault)
{
    const char *type;
    json_t *value = body_get(body, "contentType");

    if (!value)
        return RC_OK;
    enum rc rc = json_in_text(value, "contentType", 64, &type, fault);
    if (rc == RC_OK && !*type)
        rc = fault_set(fault, RC_INVALID, "contentType", "must not be empty");
    if (rc == RC_OK)
        *out = (struct text){arena_copy(&request->arena, type, strlen(type)), (uint32_t)strlen(type)};
    return rc;
}

enum rc trk_decode_post(struct request *request, const struct body *body, struct item_report *out,
                        struct fault *fault)
{
    struct report *report = &out->report;
    int64_t number = 0;
    enum rc rc = face_id(request, body, "contentId", true, &out->item, fault);

    if (rc == RC_OK)
        rc = json_in_percent(body_get(body, "progressPercentage"), "progressPercentage",
                             &report->percent_hundredths, fault);
    report->has |= HAS_PERCENT;
    if (rc == RC_OK && body_get(body, "timeSpent")) { /* minutes in, milliseconds kept */
        rc = json_in_scaled(body_get(body, "timeSpent"), "timeSpent", 6, 0, REPORT_TIME_MAX_MS / 60000,
                            &number, fault);
        report->time_spent_ms = rounded_ratio(number, 60, 1000);
        report->has |= HAS_TIME_SPENT;
    }
    if (rc == RC_OK)
        rc = trk_decode_score(body, report, fault);
    if (report->has & (HAS_SCORE | HAS_MAX_SCORE))
        report->has |= SETS_SCORE;
    if (rc == RC_OK)
        rc = face_id(request, body, "moduleId", false, &out->course, fault);
    if (rc == RC_OK)
        rc = decode_type(request, body, &out->type, fault);
    return rc;
}
