#include "face/video/video.h"

#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "core/segment.h"
#include "face/body.h"
#include "face/csv.h"
#include "face/face.h"
#include "face/read.h"
#include "face/show.h"
#include "face/snapshot.h"
#include "face/steps.h"
#include "face/video/retention.h"
#include "face/video/video_decode.h"
#include "face/work.h"
#include "face/write.h"

enum { SYNC_MAX = 1000, MOST_WATCHED = 10, LIST_MAX = 1000 };

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
    uint32_t item =
        report->item_key ? report->item_key : view_item_key(view, report->item.bytes, report->item.size);
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
    enum rc rc = face_body(request, SPELLING_EXACT, &body, &fault);

    if (rc == RC_OK)
        rc = face_id(request, &body, "userId", true, &user, &fault);
    if (rc == RC_OK)
        rc = video_report_decode(request, body.root, &report, &fault);
    if (rc == RC_OK)
        rc = face_may_user(request, user, &fault);
    struct command *command = rc == RC_OK ? face_command(request, CMD_REPORTS, FACE_VIDEO, user) : NULL;
    if (rc == RC_OK && (!command || !face_reports(request, command, 1)))
        rc = fault_no_memory(&fault);
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
        const char *text = report->fault.field
                               ? arena_printf(arena, "%s: %s", report->fault.field, report->fault.message)
                               : report->fault.message;
        json_put_text(out, "error", text ? text : report->fault.message);
    }
    json_close(out, '}');
}

struct shown_state {
    const struct record *record; /* NULL: nothing to show, or shown before */
    uint32_t index;              /* of its report */
};

static int by_record(const void *a, const void *b)
{
    const struct shown_state *left = a, *right = b;

    if (left->record != right->record)
        return left->record < right->record ? -1 : 1;
    return left->index < right->index ? -1 : left->index > right->index;
}

static int by_index(const void *a, const void *b)
{
    const struct shown_state *left = a, *right = b;

    return left->index < right->index ? -1 : left->index > right->index;
}

/* The states of the videos named, each once, in the order of their first report. */
static void put_states(struct json_out *out, struct command *command, struct view view)
{
    struct shown_state *states = arena_alloc(command->arena, (command->report_count + 1) * sizeof *states);

    for (uint32_t i = 0; states && i < command->report_count; i++) {
        struct item_report *report = &command->reports[i];
        if (!report->item_key && report->item.bytes)
            report->item_key = view_item_key(view, report->item.bytes, report->item.size);
        states[i] = (struct shown_state){stored(view, command->learner_key, report->item_key), i};
    }
    if (!states) {
        out->buf->failed = true;
        return;
    }
    qsort(states, command->report_count, sizeof *states, by_record);
    for (uint32_t i = command->report_count; i-- > 1;)
        if (states[i].record == states[i - 1].record)
            states[i].record = NULL;
    qsort(states, command->report_count, sizeof *states, by_index);
    for (uint32_t i = 0; i < command->report_count; i++)
        if (states[i].record)
            put_state(out, NULL, command->reports[i].item.bytes, states[i].record);
}

static void encode_sync(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    json_open(&out, '{');
    json_put_text(&out, "userId", command->learner.bytes);
    json_put_open(&out, "progressData", '[');
    put_states(&out, command, view);
    json_close(&out, ']');
    json_put_open(&out, "results", '[');
    for (uint32_t i = 0; i < command->report_count; i++)
        put_result(&out, command->arena, &command->reports[i]);
    json_close(&out, ']');
    json_close(&out, '}');
}

static enum rc decode_items(struct request *request, json_t *list, struct command *command,
                            struct fault *fault)
{
    size_t index;
    json_t *entry;

    if (!face_reports(request, command, (uint32_t)json_array_size(list)))
        return fault_no_memory(fault);
    json_array_foreach(list, index, entry)
    {
        struct item_report *report = &command->reports[index];
        if (json_is_object(entry))
            report->rc = video_report_decode(request, entry, report, &report->fault);
        const char *sent = json_string_value(json_object_get(entry, "videoId"));
        /* an id that is none comes back as it was sent */
        if (json_is_object(entry) && report->rc != RC_OK && sent)
            report->item =
                (struct text){arena_copy(&request->arena, sent, strlen(sent)), (uint32_t)strlen(sent)};
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
    enum rc rc = face_body(request, SPELLING_EXACT, &body, &fault);
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
        rc = command ? decode_items(request, list, command, &fault) : fault_no_memory(&fault);
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
        struct view view = model_read_begin(face_of(request)->model);
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
        model_read_end(view);
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
        rc = fault_no_memory(&fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->item = face_param(request, 1);
    face_submit(request, command, encode_delete);
}

/* ---- GET /progress/{userId} ---- */

struct list_query {
    int64_t limit; /* 0: all */
    int64_t since_ms;
    bool paged, since;
    int64_t cursor[2]; /* instant and id, where the last page ended: the next begins after it */
};

static int by_last_watched(const void *a, const void *b)
{
    const struct record *left = *(const struct record *const *)a, *right = *(const struct record *const *)b;

    if (last_watched(left) != last_watched(right))
        return last_watched(left) > last_watched(right) ? -1 : 1;
    return left->id > right->id ? -1 : left->id < right->id;
}

static bool in_page(const struct list_query *query, const struct record *record)
{
    int64_t at_ms = last_watched(record);

    if (query->since && record->updated_at_ms <= query->since_ms)
        return false;
    return !query->paged || at_ms < query->cursor[0] ||
           (at_ms == query->cursor[0] && record->id < query->cursor[1]);
}

/* Of those shown, what the query asks for, newest first. Needs no lock. */
static uint32_t pick_page(const struct list_query *query, const struct record **records, uint32_t count)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++)
        if (in_page(query, records[i]))
            records[kept++] = records[i];
    if (kept)
        qsort(records, kept, sizeof *records, by_last_watched);
    return kept;
}

/* The list in steps: what this face shows is picked, then sorted, then written. */
struct list_read {
    struct request *request;
    struct list_query query;
    struct snapshot snapshot;
    const struct record **records;
    uint32_t at, count, end; /* end: of the page */
    bool listing;
    struct json_out out;
};

static bool pick_shown(struct list_read *read, struct view view)
{
    const struct learner *learner = read->snapshot.learner;

    for (uint32_t steps = STEPS_A_HOLD; learner && read->at < learner->record_count && steps > 0;
         read->at++, steps--)
        if (shown(view, &learner->records[read->at]))
            read->records[read->count++] = &learner->records[read->at];
    return !learner || read->at == learner->record_count;
}

static void begin_list(struct list_read *read)
{
    read->count = pick_page(&read->query, read->records, read->count);
    read->end =
        read->query.limit && read->query.limit < read->count ? (uint32_t)read->query.limit : read->count;
    read->at = 0;
    read->listing = true;
    json_open(&read->out, '{');
    json_put_text(&read->out, "userId", face_param(read->request, 0).bytes);
    json_put_open(&read->out, "progressData", '[');
}

static void end_list(struct list_read *read)
{
    const struct record *last = read->end ? read->records[read->end - 1] : NULL;

    json_close(&read->out, ']');
    if (read->end < read->count)
        json_put_text(
            &read->out, "nextCursor",
            arena_printf(&read->request->arena, "%lld.%u", (long long)last_watched(last), last->id));
    json_close(&read->out, '}');
}

static enum rc list_step(void *state, struct buf *out, bool *out_last, struct fault *fault)
{
    struct list_read *read = state;
    struct model *model = face_of(read->request)->model;
    struct view view = model_read_begin(model);

    (void)fault;
    read->out.buf = out;
    if (!read->listing && pick_shown(read, view)) {
        model_read_end(view); /* sorted without it */
        begin_list(read);
        view = model_read_begin(model);
    }
    for (uint32_t steps = STEPS_A_HOLD; read->listing && read->at < read->end && steps > 0;
         read->at++, steps--)
        put_state(&read->out, NULL, view_item_slot(view, read->records[read->at]->item)->id,
                  read->records[read->at]);
    model_read_end(view);
    *out_last = read->listing && read->at == read->end;
    if (*out_last)
        end_list(read);
    return RC_OK;
}

static void free_list(void *state)
{
    snapshot_done(&((struct list_read *)state)->snapshot);
}

static enum rc open_list(struct request *request, struct list_read *read, struct fault *fault)
{
    struct text user = face_param(request, 0);
    struct view view = model_read_begin(face_of(request)->model);
    enum rc rc = face_may(request, view, ACCESS_PERSON, user, 0, false, fault);

    if (rc == RC_OK)
        snapshot_take(view, view_learner_key(view, user.bytes, user.size), &read->snapshot);
    model_read_end(view);
    uint32_t records = read->snapshot.learner ? read->snapshot.learner->record_count : 0;
    read->request = request;
    read->records = arena_alloc(&request->arena, (records + 1) * sizeof *read->records);
    if (rc == RC_OK && !read->records)
        rc = fault_no_memory(fault);
    if (rc != RC_OK)
        free_list(read);
    return rc;
}

static enum rc decode_list(struct request *request, struct list_query *query, struct fault *fault)
{
    const char *text;
    enum rc rc = face_query_number(request, "limit", 1, LIST_MAX, &query->limit, fault);

    if (rc == RC_OK)
        rc = request_query(request, "cursor", &text, fault);
    if (rc == RC_OK && text) {
        query->paged = true;
        if (!cursor_read(text, query->cursor, 2))
            rc = fault_set(fault, RC_INVALID, "cursor", "must be the nextCursor of an earlier answer");
    }
    if (rc == RC_OK)
        rc = request_query(request, "since", &text, fault);
    if (rc == RC_OK && text) {
        query->since = true;
        if (instant_parse(text, strlen(text), &query->since_ms) == INSTANT_NONE)
            rc = fault_set(fault, RC_INVALID, "since", "must be an ISO 8601 instant");
    }
    return rc;
}

void video_list(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct list_read *read = arena_alloc(&request->arena, sizeof *read);
    enum rc rc = read ? request_id_param(request, 0, "userId", &fault) : fault_no_memory(&fault);

    if (rc == RC_OK)
        rc = decode_list(request, &read->query, &fault);
    if (rc == RC_OK)
        rc = open_list(request, read, &fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    bool small = !read->snapshot.learner || read->snapshot.learner->record_count <= LARGE_READ;
    face_stream(request, &(struct face_source){list_step, free_list, read, "application/json", small});
}

/* ---- GET /progress/summary/{videoId} ---- */

static void put_retention(struct json_out *out, const struct retention *retention, int64_t viewers)
{
    json_put_open(out, "retention", '[');
    for (uint32_t i = 0; i < retention->buckets; i++) {
        /* who left since it was counted */
        int64_t saw = retention->viewers[i] < viewers ? retention->viewers[i] : viewers;
        json_open(out, '{');
        json_put_scaled(out, "from", rounded_ratio(retention->duration_ms, i, retention->buckets), 3);
        json_put_scaled(out, "to", rounded_ratio(retention->duration_ms, i + 1, retention->buckets), 3);
        json_put_int(out, "viewers", saw);
        json_put_scaled(out, "share", rounded_ratio(saw, 10000, viewers), 4);
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void put_summary(struct request *request, struct view view, uint32_t item,
                        const struct retention *retention)
{
    static const struct item_sums none = {0};
    struct json_out out = {&request->out, false};
    const struct item_slot *slot = view_item_slot(view, item);
    const struct item_sums *sums = slot ? &slot->sums : &none;

    json_open(&out, '{');
    json_put_text(&out, "videoId", face_param(request, 0).bytes);
    json_put_int(&out, "averageWatchedDuration", rounded_ratio(sums->watched_s, 1, sums->records));
    json_put_scaled(&out, "completionRate", rounded_ratio(sums->completed, 10000, sums->records), 4);
    json_put_int(&out, "viewers", sums->records);
    put_retention(&out, retention, sums->records);
    json_close(&out, '}');
}

/* The video has many viewers: counted on a worker. */
static enum rc work_summary(struct request *request, struct fault *fault)
{
    struct face_context *context = face_of(request);
    struct text video = face_param(request, 0);
    struct retention retention = {0};
    struct view view = model_read_begin(context->model);
    uint32_t item = view_item_key(view, video.bytes, video.size);

    (void)fault;
    model_read_end(view);
    if (item)
        retentions_count(context->retentions, context->model, item, &retention);
    view = model_read_begin(context->model);
    put_summary(request, view, item, &retention);
    model_read_end(view);
    return RC_OK;
}

void video_summary(struct request *request)
{
    struct face_context *context = face_of(request);
    struct fault fault = {NULL, NULL};
    struct retention retention;
    enum rc rc = request_id_param(request, 0, "videoId", &fault);

    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    struct text video = face_param(request, 0);
    struct view view = model_read_begin(context->model);
    uint32_t item = view_item_key(view, video.bytes, video.size);
    bool known = retentions_look(context->retentions, view, item, &retention);
    if (known)
        put_summary(request, view, item, &retention);
    model_read_end(view);
    if (known)
        request_reply(request, 200, "application/json");
    else
        face_work(request, work_summary, NULL);
}

/* ---- GET /progress/engagement/{userId} ---- */

struct watched {
    const struct record *record;
    const char *id;
};

/* Keeps the ten most watched, most first; the tie: videoId. */
static void keep_most(struct watched *most, uint32_t *count, struct watched one)
{
    uint32_t at = *count;

    while (at > 0 &&
           (one.record->watched_s > most[at - 1].record->watched_s ||
            (one.record->watched_s == most[at - 1].record->watched_s && strcmp(one.id, most[at - 1].id) < 0)))
        at--;
    if (at == MOST_WATCHED)
        return;
    uint32_t moved = (*count < MOST_WATCHED ? *count : MOST_WATCHED - 1) - at;
    memmove(most + at + 1, most + at, moved * sizeof *most);
    most[at] = one;
    *count += *count < MOST_WATCHED;
}

/* Days in a row with a report: the run that reaches today or yesterday, and the longest. */
static void count_streaks(const struct learner *learner, int32_t today, int64_t *out_now,
                          int64_t *out_longest)
{
    int64_t run = 0;

    *out_now = *out_longest = 0;
    for (uint32_t i = 0; learner && i < learner->day_count; i++) {
        run = i && learner->days[i] == learner->days[i - 1] + 1 ? run + 1 : 1;
        if (run > *out_longest)
            *out_longest = run;
        if (learner->days[i] >= today - 1) /* or later: they came from where it is tomorrow */
            *out_now = run;
    }
}

/* In the reader's zone when they read themselves, else in that of the last report, else in display_timezone.
 */
static int32_t today(struct request *request, struct text user, const struct learner *learner)
{
    const struct caller *caller = face_caller(request);
    bool self = caller->id_size == user.size && memcmp(caller->id, user.bytes, user.size) == 0;
    const struct zone *zone = self && caller->zone[0] ? zone_named(caller->zone) : NULL;

    if (!zone && learner && learner->zone)
        zone = zone_named(learner->zone);
    return instant_day(zone_local_ms(zone ? zone : face_of(request)->zone, face_of(request)->now_ms()));
}

static void put_engagement(struct request *request, struct view view, struct text user,
                           const struct learner *learner)
{
    struct json_out out = {&request->out, false};
    struct watched most[MOST_WATCHED];
    uint32_t kept = 0, steps = 0;
    int64_t videos = 0, completed = 0, streak, longest;
    wide total = 0;

    for (uint32_t i = 0; learner && i < learner->record_count; i++) {
        const struct record *record = &learner->records[i];
        if (shown(view, record)) {
            keep_most(most, &kept, (struct watched){record, view_item_slot(view, record->item)->id});
            videos++;
            total += record->watched_s;
            completed += record->status == ITEM_COMPLETED;
        }
        (void)view_pause(view, &steps, 1);
    }
    count_streaks(learner, today(request, user, learner), &streak, &longest);
    json_open(&out, '{');
    json_put_text(&out, "userId", user.bytes);
    json_put_int(&out, "totalWatchedDuration", wide_shown(total));
    json_put_open(&out, "mostWatchedVideos", '[');
    for (uint32_t i = 0; i < kept; i++) {
        json_open(&out, '{');
        json_put_text(&out, "videoId", most[i].id);
        json_put_int(&out, "watchedDuration", most[i].record->watched_s);
        json_close(&out, '}');
    }
    json_close(&out, ']');
    json_put_int(&out, "totalVideos", videos);
    json_put_int(&out, "completedVideos", completed);
    json_put_int(&out, "streakDays", streak);
    json_put_int(&out, "longestStreakDays", longest);
    json_close(&out, '}');
}

/* As read_list. */
static enum rc read_engagement(struct request *request, bool large, bool *out_large, struct fault *fault)
{
    struct text user = face_param(request, 0);
    struct snapshot snapshot = {0};
    struct view view = model_read_begin(face_of(request)->model);
    enum rc rc = face_may(request, view, ACCESS_PERSON, user, 0, false, fault);

    if (rc == RC_OK)
        snapshot_take(view, view_learner_key(view, user.bytes, user.size), &snapshot);
    *out_large = !large && snapshot.learner && snapshot.learner->record_count > LARGE_READ;
    if (rc == RC_OK && !*out_large)
        put_engagement(request, view, user, snapshot.learner);
    model_read_end(view);
    snapshot_done(&snapshot);
    return rc;
}

static enum rc work_engagement(struct request *request, struct fault *fault)
{
    bool large;
    return read_engagement(request, true, &large, fault);
}

static void reply_engagement(struct request *request)
{
    face_reply_table(request, "mostWatchedVideos", "videoId,watchedDuration");
}

void video_engagement(struct request *request)
{
    struct fault fault = {NULL, NULL};
    bool large = false;
    enum rc rc = request_id_param(request, 0, "userId", &fault);

    if (rc == RC_OK)
        rc = read_engagement(request, false, &large, &fault);
    if (large)
        face_work(request, work_engagement, reply_engagement);
    else if (rc == RC_OK)
        reply_engagement(request);
    else
        request_fail(request, rc, &fault);
}
