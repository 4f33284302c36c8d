#include "face/video/video_encode.h"

#include "face/show.h"

bool video_shows(struct view view, const struct record *record)
{
    return record->flags & RECORD_REPORTED &&
           (record->flags & RECORD_PLAYER || is_video(view_item(view, record->item)));
}

int64_t video_last_watched(const struct record *record)
{
    return record->flags & RECORD_WATCHED_AT ? record->last_watched_ms : record->updated_at_ms;
}

static void put_members(struct json_out *out, const char *user, const char *video,
                        const struct record *record)
{
    if (user)
        json_put_text(out, "userId", user);
    json_put_text(out, "videoId", video);
    json_put_int(out, "watchedDuration", record ? record->watched_s : 0);
    json_name(out, "lastWatched");
    if (record)
        json_instant(out, video_last_watched(record));
    else
        json_null_value(out);
    if (record && record->flags & RECORD_POSITION)
        json_put_scaled(out, "position", record->position_ms, 3);
}

void video_put_state(struct json_out *out, const char *user, const char *video, const struct record *record)
{
    json_open(out, '{');
    put_members(out, user, video, record);
    json_close(out, '}');
}

void video_put_watched(struct json_out *out, const char *user, const char *video, const struct record *record,
                       int64_t duration_ms)
{
    json_open(out, '{');
    put_members(out, user, video, record);
    json_put_hundredths(out, "progressPercent", record->percent_hundredths);
    json_put_scaled(out, "uniqueSeconds", record->covered_ms, 3);
    json_put_scaled(out, "furthest", record->furthest_ms, 3);
    json_name(out, "duration");
    if (duration_ms)
        json_scaled(out, duration_ms, 3);
    else
        json_null_value(out);
    json_put_segments(out, record->segments, record->segment_count);
    json_close(out, '}');
}

const struct record *video_stored(struct view view, uint32_t learner_key, uint32_t item)
{
    const struct learner *learner = view_learner(view, learner_key);
    const struct record *record = learner && item ? learner_record(learner, item) : NULL;

    return record && record->flags & RECORD_REPORTED ? record : NULL;
}
