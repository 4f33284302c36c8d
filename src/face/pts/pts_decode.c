#include "face/pts/pts_decode.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { USERS_MAX = 1000 };

static const struct {
    const char *name;
    enum command_kind kind;
} actions[] = {
    {"enroll", CMD_ENROL}, {"ENROLL_USER", CMD_ENROL},      {"certify", CMD_CERTIFY}, {"expire", CMD_EXPIRE},
    {"drop", CMD_DROP},    {"REMOVE_ENROLLMENT", CMD_DROP}, {"unenroll", CMD_DROP},   {"dropped", CMD_DROP},
};

static enum rc decode_action(const json_t *value, enum command_kind *out_kind, struct fault *fault)
{
    const char *action = json_string_value(value);

    for (size_t i = 0; action && i < sizeof actions / sizeof *actions; i++)
        if (strcasecmp(action, actions[i].name) == 0) {
            *out_kind = actions[i].kind;
            return RC_OK;
        }
    return fault_set(
        fault, RC_INVALID, "Action",
        "must be enroll, drop, expire or certify (or ENROLL_USER, REMOVE_ENROLLMENT, unenroll, dropped)");
}

static int by_id(const void *a, const void *b)
{
    const struct text *left = a, *right = b;

    if (left->size != right->size)
        return left->size < right->size ? -1 : 1;
    return memcmp(left->bytes, right->bytes, left->size);
}

static enum rc decode_users(struct request *request, const json_t *value, struct pts_webhook *out,
                            struct fault *fault)
{
    size_t index, count = json_array_size(value);
    json_t *id;

    if (!json_is_array(value) || count > USERS_MAX)
        return fault_set(fault, RC_INVALID, "UserIds", "must be a list of at most 1,000 user ids");
    struct text *users = arena_alloc(&request->arena, (count + 1) * sizeof *users);
    if (!users)
        return fault_no_memory(fault);
    json_array_foreach(value, index, id)
    {
        enum rc rc =
            json_in_id(&request->arena, id, "UserIds", &users[index].bytes, &users[index].size, fault);
        if (rc != RC_OK)
            return rc;
    }
    if (count)
        qsort(users, count, sizeof *users, by_id);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || by_id(&users[i], &users[i - 1]) != 0)
            users[out->user_count++] = users[i];
    out->users = users;
    return RC_OK;
}

enum rc pts_webhook_decode(struct request *request, const struct body *body, struct pts_webhook *out,
                           struct fault *fault)
{
    json_t *users = body_get(body, "UserIds"), *occurred = body_get(body, "OccurredAt");
    bool past = false;
    enum rc rc = face_id(request, body, "UserId", !users, &out->user, fault);

    if (rc == RC_OK && users && out->user.bytes)
        rc = fault_set(fault, RC_INVALID, "UserIds", "goes in place of UserId, not with it");
    if (rc == RC_OK && users)
        rc = decode_users(request, users, out, fault);
    if (rc == RC_OK)
        rc = face_id(request, body, "CourseId", true, &out->course, fault);
    if (rc == RC_OK)
        rc = decode_action(body_get(body, "Action"), &out->kind, fault);
    if (rc == RC_OK && occurred) {
        rc = face_client_instant(request, occurred, "OccurredAt", &out->occurred_ms, &past, fault);
        out->has_occurred = true;
    }
    if (!past)
        out->occurred_ms = INT64_MAX;
    if (!users)
        out->user_count = 1;
    return rc;
}

static bool differ(struct text a, struct text b)
{
    return a.size != b.size || memcmp(a.bytes, b.bytes, a.size) != 0;
}

/* An id that the path, the body or both give. */
static enum rc merge_id(struct request *request, const struct body *body, const char *name,
                        struct text from_path, struct text *out, struct fault *fault)
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

enum rc pts_report_decode(struct request *request, const struct body *body, struct text *user,
                          struct text video, struct item_report *out, struct fault *fault)
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
        if (report->duration_ms) /* a player says 0 before it knows */
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
