#include "face/courseroom/courseroom_encode.h"

#include <stdio.h>

#include "base/instant.h"
#include "core/words.h"
#include "face/show.h"

void courseroom_open(struct json_out *out, const char *message)
{
    json_open(out, '{');
    json_put_bool(out, "success", true);
    json_put_text(out, "message", message);
    json_name(out, "results");
}

/* A date as "DD-Mon-YYYY" and a time as "HH:MM:SS", in display_timezone. Contract 1, Numbers and times. */
static void put_virtual(struct json_out *out, const char *prefix, const struct zone *zone, int64_t ms)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil civil = instant_civil(zone_local_ms(zone, ms));
    char name[24], text[40];

    (void)snprintf(name, sizeof name, "v_%s_date", prefix); /* fits */
    /* fits */
    (void)snprintf(text, sizeof text, "%02u-%s-%04d", civil.day, months[civil.month - 1], civil.year);
    json_put_text(out, name, text);
    (void)snprintf(name, sizeof name, "v_%s_time", prefix);                                      /* fits */
    (void)snprintf(text, sizeof text, "%02u:%02u:%02u", civil.hour, civil.minute, civil.second); /* fits */
    json_put_text(out, name, text);
}

static void put_virtuals(struct json_out *out, const struct zone *zone, int64_t created_ms,
                         int64_t updated_ms)
{
    put_virtual(out, "created", zone, created_ms);
    put_virtual(out, "updated", zone, updated_ms);
}

void courseroom_put_enrolment(struct json_out *out, struct view view, const struct zone *zone,
                              struct text user, const struct enrolment *enrolment)
{
    if (!enrolment) {
        json_null_value(out);
        return;
    }
    struct course_facts facts = view_course_facts(view, enrolment->course);
    json_open(out, '{');
    put_virtuals(out, zone, enrolment->created_at_ms, enrolment->updated_at_ms);
    json_put_int(out, "enrollmentId", enrolment->id);
    json_put_id(out, "userId", user);
    json_put_id(out, "courseId", view_id(view, ENTITY_COURSE, enrolment->course));
    json_put_text(out, "enrollmentStatus", word_of_state(enrolment_state(enrolment, &facts), WORDS_UPPER));
    json_put_instant(out, "enrollmentDate", enrolment->enrolled_at_ms);
    json_put_instant(out, "completionDate", enrolment_completion_ms(enrolment, &facts));
    json_name(out, "certificateUrl");
    if (enrolment->certificate_url)
        json_text(out, enrolment->certificate_url, enrolment->certificate_size);
    else
        json_null_value(out);
    json_put_open(out, "metadata", '{');
    json_close(out, '}');
    json_put_instant(out, "enrollment_created_at", enrolment->created_at_ms);
    json_put_instant(out, "enrollment_updated_at", enrolment->updated_at_ms);
    json_close(out, '}');
}

void courseroom_put_percent(struct json_out *out, const struct record *record)
{
    json_name(out, "progressPercent");
    buf_char(out->buf, '"');
    buf_hundredths(out->buf, record->percent_hundredths);
    buf_char(out->buf, '"');
    out->comma = true;
}

void courseroom_put_activity(struct json_out *out, struct view view, const struct zone *zone,
                             struct text user, const struct record *record)
{
    uint32_t course = view_item_facts(view, record->item).course;

    json_open(out, '{');
    put_virtuals(out, zone, record->created_at_ms, record->updated_at_ms);
    json_put_int(out, "progressId", record->id);
    json_put_id(out, "userId", user);
    if (course)
        json_put_id(out, "courseId", view_id(view, ENTITY_COURSE, course));
    else
        json_put_null(out, "courseId");
    json_put_id(out, "courseContentId", view_id(view, ENTITY_ITEM, record->item));
    json_put_text(out, "progressStatus", status_name(record));
    json_put_int(out, "activityDuration", rounded_ratio(record->time_spent_ms, 1, 1000));
    courseroom_put_percent(out, record);
    json_put_open(out, "metadata", '{');
    json_put_members(out, record->metadata, record->metadata_size, NULL);
    json_close(out, '}');
    json_put_instant(out, "user_course_content_progress_created_at", record->created_at_ms);
    json_put_instant(out, "user_course_content_progress_updated_at", record->updated_at_ms);
    json_close(out, '}');
}
