#include "face/video/video_figures.h"

#include <string.h>

#include "base/instant.h"
#include "face/csv_reply.h"
#include "face/face.h"
#include "face/read.h"
#include "face/show.h"
#include "face/snapshot.h"
#include "face/video/retention.h"
#include "face/video/video_encode.h"
#include "face/work.h"

enum { MOST_WATCHED = 10 };

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
    struct json_out out = {&request->out, false};
    const struct item_sums *sums = view_item_sums(view, item);

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
        if (video_shows(view, record)) {
            keep_most(most, &kept, (struct watched){record, view_id(view, ENTITY_ITEM, record->item).bytes});
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

/* Looks at the learner's records under the view's lock; *out_large: there are too many for a loop, ask a
 * worker. */
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
