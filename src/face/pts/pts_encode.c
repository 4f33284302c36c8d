#include "face/pts/pts_encode.h"

#include "face/show.h"

void pts_put_video(struct json_out *out, struct titles *titles, struct view view, uint32_t item,
                   const char *id, const struct record *record)
{
    struct title title = titles_look(titles, view, false, item, id);

    json_open(out, '{');
    json_name(out, "id");
    if (record)
        json_int(out, record->id);
    else
        json_null_value(out);
    json_put_text(out, "videoId", id);
    json_put_text(out, "videoTitle", title.text);
    json_put_int(out, "currentTimeSeconds", record ? record->position_ms / 1000 : 0);
    json_put_hundredths(out, "completionPercentage", record ? record->percent_hundredths : 0);
    json_put_bool(out, "isCompleted", record && record->status == ITEM_COMPLETED);
    json_put_instant(out, "lastWatched",
                     !record                             ? INSTANT_NEVER
                     : record->flags & RECORD_WATCHED_AT ? record->last_watched_ms
                                                         : record->updated_at_ms);
    if (title.duration_ms)
        json_put_scaled(out, "durationSeconds", title.duration_ms, 3);
    if (title.mock)
        json_put_bool(out, "mock", true);
    json_close(out, '}');
}

const struct record *pts_reported(const struct learner *learner, uint32_t item)
{
    const struct record *record = learner ? learner_record(learner, item) : NULL;
    return record && record->flags & RECORD_REPORTED ? record : NULL;
}
