#include "face/courseroom/courseroom_update.h"

#include <string.h>

#include "core/members.h"
#include "core/words.h"
#include "face/body.h"
#include "face/courseroom/courseroom_decode.h"
#include "face/courseroom/courseroom_encode.h"
#include "face/face.h"
#include "face/read.h"
#include "face/show.h"
#include "face/write.h"

struct update {
    struct text course, item, user; /* user: bytes NULL when the body names nobody */
    bool locks, says_not_started;
    struct report report;
};

static enum rc decode_status(const struct body *body, struct update *update, struct fault *fault)
{
    enum item_status stated;
    const char *status;
    enum rc rc = json_in_text(body_get(body, "progressStatus"), "progressStatus", 32, &status, fault);

    if (rc != RC_OK)
        return rc;
    update->locks = strcmp(status, WORD_LOCKED) == 0;
    if (word_is_status(status, WORDS_UPPER, strcmp, &stated)) {
        update->report.status = (uint8_t)stated;
        update->report.has |= HAS_STATUS;
    }
    update->says_not_started = update->report.has & HAS_STATUS && update->report.status == ITEM_NOT_STARTED;
    if (!update->locks && !(update->report.has & HAS_STATUS))
        return fault_set(fault, RC_INVALID, "progressStatus",
                         "must be NOT_STARTED, IN_PROGRESS, COMPLETED or LOCKED");
    return RC_OK;
}

/* 0-100 with two decimals, as a number or as text ("100.00"). */
static enum rc decode_percent(const json_t *value, struct report *report, struct fault *fault)
{
    json_auto_t *number = NULL;

    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        size_t size = strspn(text, "0123456789.");
        if (size && !text[size] && size < 32)
            number = json_loads(text, JSON_DECODE_ANY, NULL);
        if (!number)
            return fault_set(fault, RC_INVALID, "progressPercent", "must be a number from 0 to 100");
        value = number;
    }
    report->has |= HAS_PERCENT;
    return json_in_percent(value, "progressPercent", &report->percent_hundredths, fault);
}

static enum rc decode(struct request *request, const struct body *body, struct update *update,
                      struct fault *fault)
{
    json_t *value;
    enum rc rc = courseroom_id(request, body, "courseId", &update->course, fault);

    if (rc == RC_OK)
        rc = courseroom_id(request, body, "courseContentId", &update->item, fault);
    if (rc == RC_OK && body_get(body, "userId"))
        rc = courseroom_id(request, body, "userId", &update->user, fault);
    if (rc == RC_OK)
        rc = decode_status(body, update, fault);
    if (rc == RC_OK && (value = body_get(body, "activityDuration"))) {
        int64_t seconds = 0;
        rc = json_in_whole(value, "activityDuration", &seconds, fault);
        if (rc == RC_OK && seconds > REPORT_TIME_MAX_MS / 1000)
            rc = fault_set(fault, RC_INVALID, "activityDuration", "is at most 7 days (604,800 seconds)");
        update->report.time_spent_ms = rc == RC_OK ? seconds * 1000 : 0;
        update->report.has |= HAS_TIME_SPENT;
    }
    if (rc == RC_OK && (value = body_get(body, "progressPercent")))
        rc = decode_percent(value, &update->report, fault);
    if (rc == RC_OK && body_get(body, "metadata")) {
        rc = json_in_members(&request->arena, request->body.bytes, request->body.size, body->root, "metadata",
                             NULL, &update->report.metadata, &update->report.metadata_size, fault);
        if (rc == RC_OK &&
            members_json_bytes(update->report.metadata, update->report.metadata_size) > MEMBERS_MAX_BYTES)
            rc = fault_set(fault, RC_INVALID, "metadata", "has at most 16 KiB");
        update->report.has |= HAS_METADATA;
    }
    return rc;
}

/* The document's subset of the record. */
static void encode(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};
    const struct learner *learner = view_learner(view, command->learner_key);
    uint32_t item = command->item_key ? command->item_key : command->reports[0].item_key;
    const struct record *record = learner ? learner_record(learner, item) : NULL;

    courseroom_open(&out, "Progress updated successfully");
    json_open(&out, '{');
    if (record) {
        json_put_int(&out, "progressId", record->id);
        json_put_id(&out, "userId", command->learner);
        json_put_id(&out, "courseId", command->course);
        json_put_id(&out, "courseContentId", command->item);
        json_put_text(&out, "progressStatus", status_name(record));
        json_put_int(&out, "activityDuration", rounded_ratio(record->time_spent_ms, 1, 1000));
        courseroom_put_percent(&out, record);
        json_put_instant(&out, "user_course_content_progress_updated_at", record->updated_at_ms);
    }
    json_close(&out, '}');
    json_close(&out, '}');
    etag_of_record(record, command->answer.etag);
}

/* Whether this is a report, a lock or an unlock, and whether the caller may. Locking is staff's and system's;
 * NOT_STARTED of somebody else's item unlocks it. SYSTEM's is a report where the item is not locked, which
 * only the engine can know: *out_unlocks. */
static enum rc judge(struct request *request, const struct update *update, enum command_kind *out_kind,
                     bool *out_unlocks, struct fault *fault)
{
    const struct caller *caller = face_caller(request);
    struct view view = model_read_begin(face_of(request)->model);
    uint32_t course = view_course_key(view, update->course.bytes, update->course.size);
    bool named = update->user.bytes != NULL;
    struct text user = named ? update->user : (struct text){caller->id, caller->id_size};
    struct fault unused;
    enum rc rc;

    *out_kind = CMD_REPORTS;
    if (update->locks) {
        *out_kind = CMD_LOCK;
        rc = face_may(request, view, ACCESS_COURSE_STAFF, user, course, true, fault);
        if (rc == RC_OK && !named)
            rc = fault_set(fault, RC_INVALID, "userId", "is required with LOCKED");
    } else {
        rc = face_may(request, view, ACCESS_OWN_OR_SYSTEM, user, course, true, fault);
        bool staff = named && update->says_not_started &&
                     face_may(request, view, ACCESS_COURSE_STAFF, user, course, true, &unused) == RC_OK;
        if (staff && rc != RC_OK) {
            *out_kind = CMD_UNLOCK;
            rc = RC_OK;
        } else {
            *out_unlocks = staff;
        }
    }
    model_read_end(view);
    return rc;
}

void courseroom_update(struct request *request)
{
    const struct caller *caller = face_caller(request);
    struct fault fault = {NULL, NULL};
    struct update update = {.locks = false};
    enum command_kind kind = CMD_REPORTS;
    bool unlocks = false;
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = face_body(request, SPELLING_EXACT, &body, &fault);

    if (rc == RC_OK)
        rc = decode(request, &body, &update, &fault);
    if (rc == RC_OK)
        rc = judge(request, &update, &kind, &unlocks, &fault);
    struct text user = update.user.bytes ? update.user : (struct text){caller->id, caller->id_size};
    struct command *command = rc == RC_OK ? face_command(request, kind, FACE_COURSEROOM, user) : NULL;
    if (rc == RC_OK && (!command || !face_reports(request, command, 1)))
        rc = fault_no_memory(&fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->course = update.course;
    command->item = update.item;
    command->reports[0] =
        (struct item_report){.item = update.item, .course = update.course, .report = update.report};
    command->all_or_nothing = true;
    command->unlocks = unlocks;
    face_submit(request, command, encode);
}
