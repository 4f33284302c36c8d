#include "face/pts_report.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    enum command_kind kind;
} actions[] = {
    {"enroll", CMD_ENROL}, {"ENROLL_USER", CMD_ENROL},      {"certify", CMD_CERTIFY}, {"expire", CMD_EXPIRE},
    {"drop", CMD_DROP},    {"REMOVE_ENROLLMENT", CMD_DROP}, {"unenroll", CMD_DROP},   {"dropped", CMD_DROP},
};

enum rc pts_action_decode(const json_t *value, enum command_kind *out_kind, struct fault *fault)
{
    const char *action = json_string_value(value);

    for (size_t i = 0; action && i < sizeof actions / sizeof *actions; i++)
        if (strcasecmp(action, actions[i].name) == 0) {
            *out_kind = actions[i].kind;
            return RC_OK;
        }
    return fault_set(fault, RC_INVALID, "Action",
                     "must be enroll, drop, expire or certify (or ENROLL_USER, REMOVE_ENROLLMENT, unenroll, dropped)");
}

static bool differ(struct text a, struct text b)
{
    return a.size != b.size || memcmp(a.bytes, b.bytes, a.size) != 0;
}

/* An id that the path, the body or both give. */
static enum rc merge_id(struct request *request, const struct body *body, const char *name, struct text from_path,
                        struct text *out, struct fault *fault)
{
    struct text from_body;
    enum rc rc = face_id(request, body, name, from_path.bytes == NULL, &from_body, fault);

    if (rc != RC_OK)
        return rc;
    if (from_path.bytes && from_body.bytes && differ(from_path, from_body))
        return fault_set(fault, RC_INVALID, name, "path and body name different ids");
    *out = from_path.bytes ? from_path : from_body;
    return RC_OK;
}

enum rc pts_report_decode(struct request *request, const struct body *body, struct text *user, struct text video,
                          struct item_report *out, struct fault *fault)
{
    json_t *seconds = body_get(body, "CurrentTimeSeconds"), *mark = body_get(body, "MarkAsCompleted");
    json_t *total = body_get(body, "TotalDurationSeconds");
    struct report *report = &out->report;
    int64_t number;
    bool marked = false;
    enum rc rc = merge_id(request, body, "UserId", *user, user, fault);

    if (rc == RC_OK)
        rc = merge_id(request, body, "VideoId", video, &out->item, fault);
    if (rc == RC_OK && mark)
        rc = json_in_bool(mark, "MarkAsCompleted", &marked, fault);
    if (rc == RC_OK && (seconds || !marked)) {
        rc = json_in_integer(seconds, "CurrentTimeSeconds", 0, INT32_MAX, &number, fault);
        if (rc == RC_OK) { /* both position and watched duration: contract 1, rule 3 */
            report->position_ms = number * 1000;
            report->watched_s = number;
            report->has |= HAS_POSITION | HAS_WATCHED;
        }
    }
    if (rc == RC_OK && total) {
        rc = json_in_integer(total, "TotalDurationSeconds", 0, INT32_MAX, &number, fault);
        report->duration_ms = rc == RC_OK ? number * 1000 : 0;
        report->has |= HAS_DURATION;
    }
    if (rc == RC_OK)
        rc = face_id(request, body, "CourseId", false, &out->course, fault);
    if (marked) {
        report->status = ITEM_COMPLETED;
        report->has |= HAS_STATUS;
    }
    report->has |= FROM_PLAYER;
    return rc;
}
