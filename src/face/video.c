#include "face/video.h"

#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "core/segment.h"
#include "face/csv.h"
#include "face/face.h"
#include "face/video_report.h"

enum { SYNC_MAX = 1000, MOST_WATCHED = 10, BUCKETS_MAX = 100 };

/* Whether this face shows the record: type video or unknown, and all that a player wrote. Contract 6. */
static bool shown(struct view view, const struct record *record)
{
    return record->flags & RECORD_REPORTED &&
           (record->flags & RECORD_PLAYER || is_video(view_item(view, record->item)));
}

static int64_t last_watched(const struct record *record)
{
    return record->flags & RECORD_WATCHED_AT ? record->last_watched_ms : record->updated_at_ms;
}

static void put_state(struct json_out *out, const char *user, const char *video, const struct record *record)
{
    json_open(out, '{');
    if (user)
        json_put_text(out, "userId", user);
    json_put_text(out, "videoId", video);
    json_put_int(out, "watchedDuration", record ? record->watched_s : 0);
    json_name(out, "lastWatched");
    if (record)
        json_instant(out, last_watched(record));
    else
        json_null_value(out);
    if (record && record->flags & RECORD_POSITION)
        json_put_scaled(out, "position", record->position_ms, 3);
    json_close(out, '}');
}

/* The stored record of an item, if it is there and reported. */
static const struct record *stored(struct view view, uint32_t learner_key, uint32_t item)
{
    const struct learner *learner = view_learner(view, learner_key);
    const struct record *record = learner && item ? learner_record(learner, item) : NULL;

    return record && record->flags & RECORD_REPORTED ? record : NULL;
}

/* ---- POST /progress/update, /progress/realtime ---- */

static void encode_update(struct command *command, struct view view)
{
    struct item_report *report = &command->reports[0];
    struct json_out out = {command->answer.body, false};
    uint32_t item = report->item_key ? report->item_key : view_item_key(view, report->item.bytes, report->item.size);
    const struct record *record = stored(view, command->learner_key, item);

    put_state(&out, command->learner.bytes, report->item.bytes, record);
    etag_of_record(record, command->answer.etag);
}

void video_update(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct text user = {NULL, 0};
    struct item_report report = {.rc = RC_OK};
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = face_body(request, BODY_BEACON, SPELLING_EXACT, &body, &fault);

    if (rc == RC_OK)
        rc = face_id(request, &body, "userId", true, &user, &fault);
    if (rc == RC_OK)
        rc = video_report_decode(request, body.root, &report, &fault);
    if (rc == RC_OK)
        rc = face_may_user(request, user, &fault);
    struct command *command = rc == RC_OK ? face_command(request, CMD_REPORTS, FACE_VIDEO, user) : NULL;
    if (rc == RC_OK && (!command || !face_reports(request, command, 1)))
        rc = fault_set(&fault, RC_BUSY, NULL, "out of memory");
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->reports[0] = report;
    command->all_or_nothing = true;
    face_submit(request, command, encode_update);
}

/* ---- POST /progress/sync ---- */

static const char *result_name(const struct item_report *report)
{
    static const char *const names[] = {"applied", "unchanged", "stale"};
    return report->rc == RC_OK ? names[report->effect] : "invalid";
}

static void put_result(struct json_out *out, struct arena *arena, const struct item_report *report)
{
    json_open(out, '{');
    json_put_text(out, "videoId", report->item.bytes);
    json_put_text(out, "result", result_name(report));
    if (report->rc != RC_OK) {
        const char *text = report->fault.field ? arena_printf(arena, "%s: %s", report->fault.field, report->fault.message)
                                               : report->fault.message;
        json_put_text(out, "error", text ? text : report->fault.message);
    }
    json_close(out, '}');
}

static bool named_before(const struct command *command, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++)
        if (command->reports[i].item_key == command->reports[index].item_key)
            return true;
    return false;
}

static void encode_sync(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    json_open(&out, '{');
    json_put_text(&out, "userId", command->learner.bytes);
    json_put_open(&out, "progressData", '[');
    for (uint32_t i = 0; i < command->report_count; i++) {
        struct item_report *report = &command->reports[i];
        if (!report->item_key && report->item.bytes)
            report->item_key = view_item_key(view, report->item.bytes, report->item.size);
        const struct record *record = stored(view, command->learner_key, report->item_key);
        if (record && !named_before(command, i))
            put_state(&out, NULL, report->item.bytes, record);
    }
    json_close(&out, ']');
    json_put_open(&out, "results", '[');
    for (uint32_t i = 0; i < command->report_count; i++)
        put_result(&out, command->arena, &command->reports[i]);
    json_close(&out, ']');
    json_close(&out, '}');
}

static enum rc decode_items(struct request *request, json_t *list, struct command *command, struct fault *fault)
{
    size_t index;
    json_t *entry;

    if (!face_reports(request, command, (uint32_t)json_array_size(list)))
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    json_array_foreach(list, index, entry) {
        struct item_report *report = &command->reports[index];
        if (json_is_object(entry))
            report->rc = video_report_decode(request, entry, report, &report->fault);
        const char *sent = json_string_value(json_object_get(entry, "videoId"));
        if (json_is_object(entry) && report->rc != RC_OK && sent) /* an id that is none comes back as it was sent */
            report->item = (struct text){arena_copy(&request->arena, sent, strlen(sent)), (uint32_t)strlen(sent)};
        if (!json_is_object(entry))
            report->rc = fault_set(&report->fault, RC_INVALID, "progressData", "each item must be an object");
    }
    return RC_OK;
}

void video_sync(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct text user = {NULL, 0};
    struct command *command = NULL;
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = face_body(request, BODY_GZIP, SPELLING_EXACT, &body, &fault);
    json_t *list = NULL;

    if (rc == RC_OK)
        rc = face_id(request, &body, "userId", true, &user, &fault);
    if (rc == RC_OK) {
        list = body_get(&body, "progressData");
        if (!json_is_array(list))
            rc = fault_set(&fault, RC_INVALID, "progressData", list ? "must be an array" : "is required");
        else if (json_array_size(list) > SYNC_MAX)
            rc = fault_set(&fault, RC_INVALID, "progressData", "has at most 1,000 items");
    }
    if (rc == RC_OK)
        rc = face_may_user(request, user, &fault);
    if (rc == RC_OK) {
        command = face_command(request, CMD_REPORTS, FACE_VIDEO, user);
        rc = command ? decode_items(request, list, command, &fault)
                     : fault_set(&fault, RC_BUSY, NULL, "out of memory");
    }
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    face_submit(request, command, encode_sync);
}

/* ---- GET and DELETE of one ---- */

void video_get(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct json_out out = {&request->out, false};
    enum rc rc = request_id_param(request, 0, "userId", &fault);

    if (rc == RC_OK)
        rc = request_id_param(request, 1, "videoId", &fault);
    if (rc == RC_OK) {
        struct text user = face_param(request, 0), video = face_param(request, 1);
        struct view view = image_read_begin(face_of(request)->image);
        uint32_t item = view_item_key(view, video.bytes, video.size);
        uint32_t course = view_item_facts(view, item).course;
        rc = face_may(request, view, ACCESS_COURSE_RECORD, user, course, course != 0, &fault);
        if (rc == RC_OK) {
            const struct record *record = stored(view, view_learner_key(view, user.bytes, user.size), item);
            if (record && shown(view, record)) {
                put_state(&out, user.bytes, video.bytes, record);
                etag_of_record(record, request->etag);
            } else {
                rc = fault_set(&fault, RC_NOT_FOUND, NULL, "Progress not found");
            }
        }
        image_read_end(view);
    }
    if (rc == RC_OK)
        request_reply(request, 200, "application/json");
    else
        request_fail(request, rc, &fault);
}

static void encode_delete(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "Progress deleted successfully");
    json_close(&out, '}');
}

void video_delete(struct request *request)
{
    struct fault fault = {NULL, NULL};
    enum rc rc = request_id_param(request, 0, "userId", &fault);

    if (rc == RC_OK)
        rc = request_id_param(request, 1, "videoId", &fault);
    if (rc == RC_OK)
        rc = face_may_user(request, face_param(request, 0), &fault);
    struct command *command =
        rc == RC_OK ? face_command(request, CMD_DELETE_PROGRESS, FACE_VIDEO, face_param(request, 0)) : NULL;
    if (rc == RC_OK && !command)
        rc = fault_set(&fault, RC_BUSY, NULL, "out of memory");
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->item = face_param(request, 1);
    face_submit(request, command, encode_delete);
}

/* ---- GET /progress/{userId} ---- */

static int by_last_watched(const void *a, const void *b)
{
    const struct record *left = *(const struct record *const *)a, *right = *(const struct record *const *)b;

    if (last_watched(left) != last_watched(right))
        return last_watched(left) > last_watched(right) ? -1 : 1;
    return left->id > right->id ? -1 : left->id < right->id;
}

/* The records this face shows of a learner, in the arena. */
static const struct record **shown_records(struct request *request, struct view view, const struct learner *learner,
                                           uint32_t *out_count)
{
    uint32_t all = 0, count = 0;
    const struct record **records = learner ? records_of_learner(&request->arena, learner, &all) : NULL;

    for (uint32_t i = 0; records && i < all; i++)
        if (shown(view, records[i]))
            records[count++] = records[i];
    *out_count = count;
    return records;
}

static void list_states(struct request *request, struct view view, struct text user)
{
    struct json_out out = {&request->out, false};
    const struct learner *learner = view_learner(view, view_learner_key(view, user.bytes, user.size));
    uint32_t count;
    const struct record **records = shown_records(request, view, learner, &count);

    if (count)
        qsort(records, count, sizeof *records, by_last_watched);
    json_open(&out, '{');
    json_put_text(&out, "userId", user.bytes);
    json_put_open(&out, "progressData", '[');
    for (uint32_t i = 0; i < count; i++)
        put_state(&out, NULL, view_item_slot(view, records[i]->item)->id, records[i]);
    json_close(&out, ']');
    json_close(&out, '}');
}

void video_list(struct request *request)
{
    struct fault fault = {NULL, NULL};
    enum rc rc = request_id_param(request, 0, "userId", &fault);

    if (rc == RC_OK) {
        struct view view = image_read_begin(face_of(request)->image);
        rc = face_may(request, view, ACCESS_PERSON, face_param(request, 0), 0, false, &fault);
        if (rc == RC_OK)
            list_states(request, view, face_param(request, 0));
        image_read_end(view);
    }
    if (rc == RC_OK)
        request_reply(request, 200, "application/json");
    else
        request_fail(request, rc, &fault);
}

/* ---- GET /progress/summary/{videoId} ---- */

struct retention {
    int64_t duration_ms;
    uint32_t buckets;
    int64_t viewers[BUCKETS_MAX];
    bool segments; /* anybody sent some */
};

/* The catalogue's duration, else the largest that a viewer's client told. */
static int64_t longest_duration(struct view view, uint32_t item)
{
    const struct item_slot *slot = view_item_slot(view, item);
    int64_t longest = slot->def ? slot->def->duration_ms : 0;

    if (longest)
        return longest;
    for (uint32_t i = 0; i < slot->holders.count; i++) {
        const struct record *record = stored(view, slot->holders.at[i], item);
        if (record && record->duration_ms > longest)
            longest = record->duration_ms;
    }
    return longest;
}

static uint32_t bucket_of(const struct retention *retention, int64_t ms)
{
    __extension__ __int128 scaled = (__int128)ms * retention->buckets; /* a duration may be up to 2^53 s */
    return (uint32_t)(scaled / retention->duration_ms);
}

static void count_coverage(struct retention *retention, const struct record *record)
{
    uint32_t last_counted = UINT32_MAX;

    for (uint32_t i = 0; i < record->segment_count; i++) {
        const struct segment *segment = &record->segments[i];
        if (segment->from_ms >= retention->duration_ms)
            break;
        int64_t to_ms = segment->to_ms < retention->duration_ms ? segment->to_ms : retention->duration_ms;
        uint32_t first = bucket_of(retention, segment->from_ms);
        uint32_t last = bucket_of(retention, to_ms - 1);
        for (uint32_t bucket = first; bucket <= last && bucket < retention->buckets; bucket++)
            if (bucket != last_counted) {
                retention->viewers[bucket]++;
                last_counted = bucket;
            }
    }
    retention->segments |= record->segment_count > 0;
}

static void put_retention(struct json_out *out, struct view view, uint32_t item, int64_t viewers)
{
    const struct item_slot *slot = view_item_slot(view, item);
    struct retention retention = {.duration_ms = slot ? longest_duration(view, item) : 0};
    int64_t seconds = (retention.duration_ms + 999) / 1000;

    retention.buckets = (uint32_t)(seconds < BUCKETS_MAX ? seconds : BUCKETS_MAX);
    for (uint32_t i = 0; retention.buckets && i < slot->holders.count; i++) {
        const struct record *record = stored(view, slot->holders.at[i], item);
        if (record)
            count_coverage(&retention, record);
    }
    json_put_open(out, "retention", '[');
    for (uint32_t i = 0; retention.segments && i < retention.buckets; i++) {
        json_open(out, '{');
        json_put_scaled(out, "from", rounded_ratio(retention.duration_ms, i, retention.buckets), 3);
        json_put_scaled(out, "to", rounded_ratio(retention.duration_ms, i + 1, retention.buckets), 3);
        json_put_int(out, "viewers", retention.viewers[i]);
        json_put_scaled(out, "share", rounded_ratio(retention.viewers[i], 10000, viewers), 4);
        json_close(out, '}');
    }
    json_close(out, ']');
}

void video_summary(struct request *request)
{
    static const struct item_sums none = {0};
    struct fault fault = {NULL, NULL};
    struct json_out out = {&request->out, false};
    enum rc rc = request_id_param(request, 0, "videoId", &fault);

    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    struct text video = face_param(request, 0);
    struct view view = image_read_begin(face_of(request)->image);
    uint32_t item = view_item_key(view, video.bytes, video.size);
    const struct item_slot *slot = view_item_slot(view, item);
    const struct item_sums *sums = slot ? &slot->sums : &none;
    json_open(&out, '{');
    json_put_text(&out, "videoId", video.bytes);
    json_put_int(&out, "averageWatchedDuration", rounded_ratio(sums->watched_s, 1, sums->records));
    json_put_scaled(&out, "completionRate", rounded_ratio(sums->completed, 10000, sums->records), 4);
    json_put_int(&out, "viewers", sums->records);
    put_retention(&out, view, item, sums->records);
    json_close(&out, '}');
    image_read_end(view);
    request_reply(request, 200, "application/json");
}

/* ---- GET /progress/engagement/{userId} ---- */

struct watched {
    const struct record *record;
    const char *id;
};

static int by_watched(const void *a, const void *b)
{
    const struct watched *left = a, *right = b;

    if (left->record->watched_s != right->record->watched_s)
        return left->record->watched_s > right->record->watched_s ? -1 : 1;
    return strcmp(left->id, right->id);
}

/* Days in a row with a report: the run that reaches today or yesterday, and the longest. */
static void count_streaks(const struct learner *learner, int32_t today, int64_t *out_now, int64_t *out_longest)
{
    int64_t run = 0;

    *out_now = *out_longest = 0;
    for (uint32_t i = 0; learner && i < learner->day_count; i++) {
        run = i && learner->days[i] == learner->days[i - 1] + 1 ? run + 1 : 1;
        if (run > *out_longest)
            *out_longest = run;
        if (learner->days[i] == today || learner->days[i] == today - 1)
            *out_now = run;
    }
}

static void put_engagement(struct request *request, struct view view, struct text user)
{
    struct face_context *context = face_of(request);
    struct json_out out = {&request->out, false};
    const struct learner *learner = view_learner(view, view_learner_key(view, user.bytes, user.size));
    uint32_t count;
    const struct record **records = shown_records(request, view, learner, &count);
    struct watched *watched = arena_alloc(&request->arena, (count + 1) * sizeof *watched);
    int64_t total = 0, completed = 0, streak, longest;

    for (uint32_t i = 0; watched && i < count; i++) {
        watched[i] = (struct watched){records[i], view_item_slot(view, records[i]->item)->id};
        total += records[i]->watched_s;
        completed += records[i]->status == ITEM_COMPLETED;
    }
    if (watched && count)
        qsort(watched, count, sizeof *watched, by_watched);
    count_streaks(learner, instant_day(zone_local_ms(context->zone, context->now_ms())), &streak, &longest);
    json_open(&out, '{');
    json_put_text(&out, "userId", user.bytes);
    json_put_int(&out, "totalWatchedDuration", total);
    json_put_open(&out, "mostWatchedVideos", '[');
    for (uint32_t i = 0; watched && i < count && i < MOST_WATCHED; i++) {
        json_open(&out, '{');
        json_put_text(&out, "videoId", watched[i].id);
        json_put_int(&out, "watchedDuration", watched[i].record->watched_s);
        json_close(&out, '}');
    }
    json_close(&out, ']');
    json_put_int(&out, "totalVideos", count);
    json_put_int(&out, "completedVideos", completed);
    json_put_int(&out, "streakDays", streak);
    json_put_int(&out, "longestStreakDays", longest);
    json_close(&out, '}');
}

void video_engagement(struct request *request)
{
    struct fault fault = {NULL, NULL};
    enum rc rc = request_id_param(request, 0, "userId", &fault);

    if (rc == RC_OK) {
        struct view view = image_read_begin(face_of(request)->image);
        rc = face_may(request, view, ACCESS_PERSON, face_param(request, 0), 0, false, &fault);
        if (rc == RC_OK)
            put_engagement(request, view, face_param(request, 0));
        image_read_end(view);
    }
    if (rc == RC_OK)
        face_reply_table(request, "mostWatchedVideos", "videoId,watchedDuration");
    else
        request_fail(request, rc, &fault);
}
