#include "face/own/own_users_encode.h"

#include "core/words.h"
#include "face/show.h"

void own_put_enrolment(struct json_out *out, struct arena *arena, struct view view,
                       const struct enrolment *enrolment)
{
    const char *course = view_id(view, ENTITY_COURSE, enrolment->course).bytes;
    struct course_facts facts = view_course_facts(view, enrolment->course);

    json_open(out, '{');
    json_put_int(out, "enrollmentId", enrolment->id);
    json_put_text(out, "courseId", course);
    json_put_text(out, "courseTitle", course_title(arena, view, enrolment->course, course));
    json_put_text(out, "enrollmentStatus", word_of_state(enrolment_state(enrolment, &facts), WORDS_UPPER));
    json_put_hundredths(out, "progressPercent",
                        course_percent_hundredths(enrolment->completed_required, facts.required));
    json_put_int(out, "completedContent", enrolment->completed_items);
    json_put_int(out, "totalContent", facts.items);
    json_put_instant(out, "enrollmentDate", enrolment->enrolled_at_ms);
    json_put_instant(out, "completionDate", enrolment_completion_ms(enrolment, &facts));
    json_put_instant(out, "lastActivity", enrolment->last_activity_ms);
    json_name(out, "certificateUrl");
    if (enrolment->certificate_url)
        json_text(out, enrolment->certificate_url, enrolment->certificate_size);
    else
        json_null_value(out);
    json_close(out, '}');
}

static void put_times(struct json_out *out, const struct record *record)
{
    json_put_instant(out, "startedAt", record->started_at_ms);
    json_put_instant(out, "completedAt", record->completed_at_ms);
    json_put_instant(out, "lastWatched", record->last_watched_ms);
    json_put_instant(out, "createdAt", record->created_at_ms);
    json_put_instant(out, "updatedAt", record->updated_at_ms);
}

void own_put_record(struct json_out *out, struct view view, const struct record *record)
{
    const struct item_def *def = view_item(view, record->item);
    uint32_t course = view_item_facts(view, record->item).course;

    json_open(out, '{');
    json_put_int(out, "progressId", record->id);
    json_put_text(out, "contentId", view_id(view, ENTITY_ITEM, record->item).bytes);
    json_put_text(out, "courseId", course ? view_id(view, ENTITY_COURSE, course).bytes : NULL);
    json_put_text(out, "title", def && def->title.size ? def->title.bytes : NULL);
    json_put_text(out, "type", item_type(def));
    json_put_text(out, "status", status_name(record));
    json_put_hundredths(out, "progressPercent", record->percent_hundredths);
    json_name(out, "position");
    if (record->flags & RECORD_POSITION)
        json_scaled(out, record->position_ms, 3);
    else
        json_null_value(out);
    json_put_scaled(out, "furthestPosition", record->furthest_ms, 3);
    json_put_int(out, "watchedDuration", record->watched_s);
    json_put_scaled(out, "uniqueWatchedSeconds", record->covered_ms, 3);
    json_put_int(out, "timeSpent", rounded_ratio(record->time_spent_ms, 1, 1000));
    json_name(out, "score");
    if (record->flags & RECORD_SCORE)
        json_scaled(out, record->score_e4, 4);
    else
        json_null_value(out);
    json_name(out, "maxScore");
    if (record->flags & RECORD_MAX_SCORE)
        json_scaled(out, record->max_score_e4, 4);
    else
        json_null_value(out);
    put_times(out, record);
    json_put_open(out, "metadata", '{');
    json_put_members(out, record->metadata, record->metadata_size, NULL);
    json_close(out, '}');
    json_close(out, '}');
}
