#include "face/courseroom/courseroom_update.h"

#include <string.h>

#include "core/members.h"
#include "core/words.h"
#include "face/courseroom/courseroom_decode.h"
#include "face/courseroom/courseroom_encode.h"
#include "face/read.h"
#include "face/show.h"

static enum rc decode_status(const struct body *body, struct command *command, struct fault *fault)
{
    enum item_status stated;
    struct report *report = &command->reports[0].report;
    const char *status;
    enum rc rc = json_in_text(body_get(body, "progressStatus"), "progressStatus", 32, &status, fault);

    if (rc != RC_OK)
        return rc;
    if (strcmp(status, WORD_LOCKED) == 0)
        command->kind = CMD_LOCK;
    if (word_is_status(status, WORDS_UPPER, strcmp, &stated)) {
        report->status = (uint8_t)stated;
        report->has |= HAS_STATUS;
    }
    if (command->kind != CMD_LOCK && !(report->has & HAS_STATUS))
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

static enum rc decode_extras(struct request *request, const struct body *body, struct report *report,
                             struct fault *fault)
{
    json_t *value;
    enum rc rc = RC_OK;

    if ((value = body_get(body, "activityDuration"))) {
        int64_t seconds = 0;
        rc = json_in_whole(value, "activityDuration", &seconds, fault);
        if (rc == RC_OK && seconds > REPORT_TIME_MAX_MS / 1000)
            rc = fault_set(fault, RC_INVALID, "activityDuration", "is at most 7 days (604,800 seconds)");
        report->time_spent_ms = rc == RC_OK ? seconds * 1000 : 0;
        report->has |= HAS_TIME_SPENT;
    }
    if (rc == RC_OK && (value = body_get(body, "progressPercent")))
        rc = decode_percent(value, report, fault);
    if (rc == RC_OK && body_get(body, "metadata")) {
        rc = json_in_members(&request->arena, request->body.bytes, request->body.size, body->root, "metadata",
                             NULL, &report->metadata, &report->metadata_size, fault);
        if (rc == RC_OK && members_json_bytes(report->metadata, report->metadata_size) > MEMBERS_MAX_BYTES)
            rc = fault_set(fault, RC_INVALID, "metadata", "has at most 16 KiB");
        report->has |= HAS_METADATA;
    }
    return rc;
}

static enum rc decode(struct request *request, const struct body *body, struct command *command,
                      struct fault *fault)
{
    enum rc rc = face_reports(request, command, 1) ? RC_OK : fault_no_memory(fault);

    if (rc == RC_OK)
        rc = courseroom_id(request, body, "courseId", &command->course, fault);
    if (rc == RC_OK)
        rc = courseroom_item(request, body, &command->item, fault);
    if (rc == RC_OK && (command->learner.bytes || body_get(body, "userId")))
        rc = courseroom_id(request, body, "userId", &command->learner, fault);
    if (rc == RC_OK)
        rc = decode_status(body, command, fault);
    if (rc != RC_OK)
        return rc;
    command->reports[0].item = command->item;
    command->reports[0].course = command->course;
    return decode_extras(request, body, &command->reports[0].report, fault);
}

/* What staff who lock somebody's preview see of it: the lock. Its author alone sees the rest. */
static struct record lock_of(const struct record *record)
{
    struct record lock = {RECORD_BLANK, .id = record->id, .flags = record->flags & RECORD_LOCKED};

    lock.updated_at_ms = record->updated_at_ms;
    return lock;
}

/* The document's subset of the record. */
static void encode(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};
    const struct learner *learner = view_learner(view, command->learner_key);
    uint32_t item = command->item_key ? command->item_key : command->reports[0].item_key;
    const struct record *record = learner ? learner_record(learner, item) : NULL;
    uint32_t course = view_item_facts(view, item).course;
    struct record locked;

    etag_of_record(record, command->answer.etag);
    if (record && command->actor.bytes && learner_previews(learner, record, course)) {
        locked = lock_of(record);
        record = &locked;
    }
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
}

/* Whether this is a report, a lock or an unlock, and whether the caller may. Locking is staff's and system's;
 * NOT_STARTED of somebody else's item unlocks it. SYSTEM's is a report where the item is not locked, which
 * only the engine can know: command->unlocks. */
static enum rc may(struct request *request, struct view view, struct command *command, struct fault *fault)
{
    const struct caller *caller = face_caller(request);
    const struct report *report = &command->reports[0].report;
    uint32_t course = view_course_key(view, command->course.bytes, command->course.size);
    bool named = command->learner.bytes != NULL; /* by the body, or the path */
    struct fault unused;

    if (!named)
        command->learner = (struct text){caller->id, caller->id_size};
    if (command->kind == CMD_LOCK) {
        enum rc rc = face_may(request, view, ACCESS_COURSE_STAFF, command->learner, course, true, fault);
        if (rc == RC_OK && !named)
            rc = fault_set(fault, RC_INVALID, "userId", "is required with LOCKED");
        return rc;
    }
    enum rc rc = face_may(request, view, ACCESS_OWN_OR_SYSTEM, command->learner, course, true, fault);
    bool staff =
        named && report->has & HAS_STATUS && report->status == ITEM_NOT_STARTED &&
        face_may(request, view, ACCESS_COURSE_STAFF, command->learner, course, true, &unused) == RC_OK;
    if (staff && rc != RC_OK) {
        command->kind = CMD_UNLOCK;
        return RC_OK;
    }
    command->unlocks = staff;
    return rc;
}

const struct write_handler courseroom_update = {CMD_REPORTS, .decode = decode, .may = may, .encode = encode,
                                                .all_or_nothing = true};
