#include "face/video/video_figures.h"

#include <string.h>

#include "app/figures.h"
#include "app/retention.h"
#include "app/snapshot.h"
#include "base/instant.h"
#include "core/days.h"
#include "face/show.h"
#include "face/video/video_encode.h"

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

struct summary_read {
    struct slow slow;
    uint32_t item;
    bool counted; /* of many viewers: on a worker, by the step */
    struct retention retention;
};

static enum rc summary_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct summary_read *read = (struct summary_read *)slow;

    (void)fault;
    read->item = found->item;
    read->counted =
        retentions_look(face_of(slow->request)->retentions, found->view, read->item, &read->retention);
    slow->small = read->counted;
    return RC_OK;
}

static enum rc summary_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct summary_read *read = (struct summary_read *)slow;
    struct face_context *context = face_of(slow->request);
    struct json_out *out = &slow->out;

    (void)fault;
    if (!read->counted)
        retentions_count(context->retentions, service_model(context->service), read->item, &read->retention);
    struct view view = service_read_begin(context->service);
    struct item_sums sums = *view_item_sums(view, read->item);
    const struct item_def *def = view_item(view, read->item);
    uint32_t course = view_item_facts(view, read->item).course;
    int64_t duration_ms = def && def->duration_ms ? def->duration_ms : read->retention.duration_ms;
    json_open(out, '{');
    json_put_text(out, "videoId", face_call(slow->request)->item.bytes);
    json_put_int(out, "averageWatchedDuration", rounded_ratio(sums.watched_s, 1, sums.records));
    json_put_scaled(out, "completionRate", rounded_ratio(sums.completed, 10000, sums.records), 4);
    json_put_int(out, "viewers", sums.records);
    json_put_text(out, "title", def ? title_or_null(def->title) : NULL);
    json_name(out, "durationSeconds");
    if (duration_ms)
        json_scaled(out, duration_ms, 3);
    else
        json_null_value(out);
    json_put_text(out, "courseId", course ? view_id(view, ENTITY_COURSE, course).bytes : NULL);
    service_read_end(view);
    put_retention(out, &read->retention, sums.records);
    json_close(out, '}');
    *out_last = true;
    return RC_OK;
}

const struct slow_handler video_summary = {
    .state_bytes = sizeof(struct summary_read), .open = summary_open, .step = summary_step};

/* ---- GET /progress/engagement/{userId} ---- */

struct engagement {
    struct slow slow;
    struct snapshot snapshot;
    uint32_t at; /* the record looked at next */
    struct watched watched;
};

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

/* The days of the streaks, the last ones, and what was reported on them. */
static void put_days(struct json_out *out, const struct learner *learner)
{
    uint32_t figured = learner ? days_figured(learner) : 0;

    json_put_open(out, "days", '[');
    for (uint32_t i = 0; i < figured; i++) {
        json_open(out, '{');
        json_put_day(out, "date", learner->days[learner->day_count - figured + i]);
        json_put_int(out, "reports", learner->day_reports[i]);
        json_put_scaled(out, "seconds", wide_shown(learner->day_gained_ms[i]), 3);
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void put_engagement(struct engagement *all, struct view view)
{
    struct request *request = all->slow.request;
    const struct learner *learner = all->snapshot.learner;
    struct text user = face_call(request)->user;
    struct json_out *out = &all->slow.out;
    const struct watched *watched = &all->watched;
    struct streaks streaks = streaks_of(learner, today(request, user, learner));

    json_open(out, '{');
    json_put_text(out, "userId", user.bytes);
    json_put_int(out, "totalWatchedDuration", wide_shown(watched->watched_s));
    json_put_open(out, "mostWatchedVideos", '[');
    for (uint32_t i = 0; i < watched->kept; i++) {
        json_open(out, '{');
        json_put_text(out, "videoId", view_id(view, ENTITY_ITEM, watched->most[i]->item).bytes);
        json_put_int(out, "watchedDuration", watched->most[i]->watched_s);
        json_close(out, '}');
    }
    json_close(out, ']');
    json_put_int(out, "totalVideos", watched->videos);
    json_put_int(out, "completedVideos", watched->completed);
    json_put_int(out, "streakDays", streaks.now);
    json_put_int(out, "longestStreakDays", streaks.longest);
    put_days(out, learner);
    json_close(out, '}');
}

static enum rc engagement_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct engagement *all = (struct engagement *)slow;

    (void)fault;
    snapshot_take(found->view, found->learner, &all->snapshot);
    slow->small = !all->snapshot.learner || all->snapshot.learner->record_count <= LARGE_READ;
    return RC_OK;
}

static enum rc engagement_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct engagement *all = (struct engagement *)slow;
    const struct learner *learner = all->snapshot.learner;
    struct view view = service_read_begin(face_of(slow->request)->service);

    (void)fault;
    for (uint32_t steps = STEPS_A_HOLD; learner && all->at < learner->record_count && steps > 0;
         all->at++, steps--) {
        const struct record *record = &learner->records[all->at];
        if (video_shows(view, record))
            watched_add(&all->watched, view, record);
    }
    *out_last = !learner || all->at == learner->record_count;
    if (*out_last)
        put_engagement(all, view);
    service_read_end(view);
    return RC_OK;
}

static void engagement_close(struct slow *slow)
{
    snapshot_done(&((struct engagement *)slow)->snapshot);
}

const struct slow_handler video_engagement = {.state_bytes = sizeof(struct engagement),
                                              .open = engagement_open,
                                              .step = engagement_step,
                                              .close = engagement_close,
                                              .table = "mostWatchedVideos",
                                              .columns = "videoId,watchedDuration"};
