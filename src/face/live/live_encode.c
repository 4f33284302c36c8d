#include "face/live/live_encode.h"

#include "core/words.h"
#include "face/show.h"
#include "http/json_out.h"

static const char *const statuses[] = {"NOT_STARTED", "IN_PROGRESS", "COMPLETED",   "LOCKED", "created",
                                       "updated",     "deleted",     "rolled_back", NULL};

static void put_id(struct json_out *out, const char *name, const char *id, size_t size)
{
    json_name(out, name);
    if (size)
        json_text(out, id, size);
    else
        json_null_value(out);
}

static void put_record(struct json_out *out, const struct live_event *event)
{
    if (!event->has_record) {
        json_put_null(out, "watchedDuration");
        json_put_null(out, "position");
        json_put_null(out, "progressPercent");
        return;
    }
    json_put_int(out, "watchedDuration", event->watched_s);
    if (event->has_position)
        json_put_scaled(out, "position", event->position_ms, 3);
    else
        json_put_null(out, "position");
    json_put_scaled(out, "progressPercent", event->percent_hundredths, 2);
}

static void put_instants(struct json_out *out, const struct live_event *event)
{
    if (event->has_record)
        json_put_scaled(out, "timeSpent", event->time_spent_ms, 3);
    else
        json_put_null(out, "timeSpent");
    json_name(out, "lastWatched");
    if (event->has_last_watched)
        json_instant(out, event->last_watched_ms);
    else
        json_null_value(out);
    json_name(out, "updatedAt");
    json_instant(out, event->updated_at_ms);
}

void live_encode(const struct live_event *event, struct buf *buf)
{
    struct json_out out = {buf, false};

    json_open(&out, '{');
    json_put_int(&out, "id", (int64_t)event->sequence);
    json_put_text(&out, "type", live_type_name((enum live_type)event->type));
    put_id(&out, "userId", live_user(event), event->user_size);
    put_id(&out, "videoId", live_item(event), event->item_size);
    put_id(&out, "courseId", live_course(event), event->course_size);
    put_record(&out, event);
    json_put_text(&out, "status", statuses[event->status]);
    put_instants(&out, event);
    json_put_text(&out, "enrollmentStatus",
                  event->enrolment_state == LIVE_NO_STATE
                      ? NULL
                      : word_of_state((enum enrolment_state)event->enrolment_state, WORDS_UPPER));
    if (event->course_percent_hundredths == LIVE_NO_PERCENT)
        json_put_null(&out, "coursePercent");
    else
        json_put_scaled(&out, "coursePercent", event->course_percent_hundredths, 2);
    if (event->type == LIVE_LOG && event->log_id)
        json_put_int(&out, "logId", (int64_t)event->log_id);
    else if (event->type == LIVE_LOG)
        json_put_null(&out, "logId");
    json_close(&out, '}');
}
