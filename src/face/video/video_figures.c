#include "face/video/video_figures.h"

#include <string.h>

#include "base/instant.h"
#include "face/show.h"
#include "app/retention.h"
#include "app/snapshot.h"
#include "face/video/video_encode.h"

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
    service_read_end(view);
    json_open(out, '{');
    json_put_text(out, "videoId", face_call(slow->request)->item.bytes);
    json_put_int(out, "averageWatchedDuration", rounded_ratio(sums.watched_s, 1, sums.records));
    json_put_scaled(out, "completionRate", rounded_ratio(sums.completed, 10000, sums.records), 4);
    json_put_int(out, "viewers", sums.records);
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
    uint32_t at;                             /* the record looked at next */
    const struct record *most[MOST_WATCHED]; /* most watched first */
    uint32_t kept;
    int64_t videos, completed;
    wide watched_s;
};

static bool watched_more(struct view view, const struct record *left, const struct record *right)
{
    if (left->watched_s != right->watched_s)
        return left->watched_s > right->watched_s;
    return strcmp(view_id(view, ENTITY_ITEM, left->item).bytes,
                  view_id(view, ENTITY_ITEM, right->item).bytes) < 0;
}

/* Keeps the ten most watched, most first; the tie: videoId. */
static void keep_most(struct engagement *all, struct view view, const struct record *record)
{
    uint32_t at = all->kept;

    while (at > 0 && watched_more(view, record, all->most[at - 1]))
        at--;
    if (at == MOST_WATCHED)
        return;
    uint32_t moved = (all->kept < MOST_WATCHED ? all->kept : MOST_WATCHED - 1) - at;
    memmove(all->most + at + 1, all->most + at, moved * sizeof *all->most);
    all->most[at] = record;
    all->kept += all->kept < MOST_WATCHED;
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

static void put_engagement(struct engagement *all, struct view view)
{
    struct request *request = all->slow.request;
    const struct learner *learner = all->snapshot.learner;
    struct text user = face_call(request)->user;
    struct json_out *out = &all->slow.out;
    int64_t streak, longest;

    count_streaks(learner, today(request, user, learner), &streak, &longest);
    json_open(out, '{');
    json_put_text(out, "userId", user.bytes);
    json_put_int(out, "totalWatchedDuration", wide_shown(all->watched_s));
    json_put_open(out, "mostWatchedVideos", '[');
    for (uint32_t i = 0; i < all->kept; i++) {
        json_open(out, '{');
        json_put_text(out, "videoId", view_id(view, ENTITY_ITEM, all->most[i]->item).bytes);
        json_put_int(out, "watchedDuration", all->most[i]->watched_s);
        json_close(out, '}');
    }
    json_close(out, ']');
    json_put_int(out, "totalVideos", all->videos);
    json_put_int(out, "completedVideos", all->completed);
    json_put_int(out, "streakDays", streak);
    json_put_int(out, "longestStreakDays", longest);
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
        if (!video_shows(view, record))
            continue;
        keep_most(all, view, record);
        all->videos++;
        all->watched_s += record->watched_s;
        all->completed += record->status == ITEM_COMPLETED;
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
