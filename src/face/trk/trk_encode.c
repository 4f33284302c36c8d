#include "face/trk/trk_encode.h"

#include <string.h>

#include "base/ident.h"
#include "core/words.h"
#include "face/show.h"

void trk_open(struct json_out *out, const char *message)
{
    json_open(out, '{');
    json_put_bool(out, "success", true);
    json_put_text(out, "message", message);
    json_name(out, "data");
}

const char *trk_status(const struct record *record)
{
    return word_of_status(record ? record_counted_status(record) : ITEM_NOT_STARTED, WORDS_LOWER);
}

const char *trk_state(enum enrolment_state state)
{
    return word_of_state(state, WORDS_LOWER);
}

void trk_put_minutes(struct json_out *out, const char *name, wide ms)
{
    json_put_scaled(out, name, rounded_ratio(ms, 100, 60000), 2);
}

int64_t trk_percent(wide part, int64_t whole, bool done)
{
    int64_t percent = rounded_ratio(part, 100, whole);

    return percent == 100 && !done ? 99 : percent;
}

int64_t trk_course_percent(uint32_t completed, uint32_t required)
{
    return trk_percent(completed < required ? completed : required, required, completed >= required);
}

static const char *title_of(struct arena *arena, const struct item_def *def, const char *id)
{
    if (def && def->title.bytes && def->title.size)
        return def->title.bytes;
    const char *text = arena_printf(arena, "Content %s", id);
    return text ? text : id;
}

static void put_content(struct json_out *out, struct arena *arena, struct view view, uint32_t item)
{
    const char *id = view_id(view, ENTITY_ITEM, item).bytes;
    const struct item_def *def = view_item(view, item);
    uint32_t course = view_item_facts(view, item).course;

    json_put_open(out, "contentId", '{');
    json_put_text(out, "id", id);
    json_put_text(out, "title", title_of(arena, def, id));
    json_put_text(out, "type", item_type(def));
    json_put_text(out, "section", def ? def->section.bytes : NULL);
    json_put_text(out, "moduleId", view_id(view, ENTITY_COURSE, course).bytes);
    json_close(out, '}');
}

static void put_score(struct json_out *out, const char *name, bool there, int64_t score_e4)
{
    if (there)
        json_put_scaled(out, name, score_e4, 4);
    else
        json_put_null(out, name);
}

void trk_put_record(struct json_out *out, struct arena *arena, struct view view, const char *user,
                    const struct record *record)
{
    const char *status = trk_status(record);
    const char *id = arena_printf(arena, "%u", record->id);

    json_open(out, '{');
    json_put_text(out, "id", id);
    json_put_text(out, "_id", id);
    json_put_text(out, "userId", user);
    put_content(out, arena, view, record->item);
    json_put_text(out, "contentType", item_type(view_item(view, record->item)));
    json_put_text(out, "status", status);
    json_put_int(out, "progressPercentage",
                 trk_percent(record->percent_hundredths, 10000, record->status == ITEM_COMPLETED));
    json_put_instant(out, "startedAt", record->started_at_ms);
    json_put_instant(out, "completedAt", record->completed_at_ms);
    trk_put_minutes(out, "timeSpent", record->time_spent_ms);
    put_score(out, "score", record->flags & RECORD_SCORE, record->score_e4);
    put_score(out, "maxScore", record->flags & RECORD_MAX_SCORE, record->max_score_e4);
    json_put_instant(out, "createdAt", record->created_at_ms);
    json_put_instant(out, "updatedAt", record->updated_at_ms);
    json_put_bool(out, "isCompleted", record->status == ITEM_COMPLETED);
    json_put_bool(out, "isInProgress", strcmp(status, "in-progress") == 0);
    if (record->flags & RECORD_SCORE && record->flags & RECORD_MAX_SCORE && record->max_score_e4 > 0)
        json_put_int(out, "scorePercentage", rounded_ratio(record->score_e4, 100, record->max_score_e4));
    else
        json_put_null(out, "scorePercentage");
    if (record->flags & RECORD_LOCKED)
        json_put_bool(out, "locked", true);
    json_close(out, '}');
}

void trk_put_module(struct json_out *out, struct arena *arena, struct view view, uint32_t course)
{
    const char *id = view_id(view, ENTITY_COURSE, course).bytes;
    const struct course_def *def = view_course(view, course);

    json_open(out, '{');
    json_put_text(out, "id", id);
    json_put_text(out, "title", course_title(arena, view, course, id));
    json_put_text(out, "description", def && def->description.bytes ? def->description.bytes : "");
    json_close(out, '}');
}

void trk_put_enrolment(struct json_out *out, struct arena *arena, struct view view,
                       const struct enrolment *enrolment)
{
    if (!enrolment) {
        json_null_value(out);
        return;
    }
    struct course_facts facts = view_course_facts(view, enrolment->course);
    json_open(out, '{');
    json_put_text(out, "id", arena_printf(arena, "%u", enrolment->id));
    json_put_text(out, "status", trk_state(enrolment_state(enrolment, &facts)));
    json_put_instant(out, "enrolledAt", enrolment->enrolled_at_ms);
    json_put_instant(out, "completedAt", enrolment_completion_ms(enrolment, &facts));
    json_name(out, "certificateUrl");
    if (enrolment->certificate_url)
        json_text(out, enrolment->certificate_url, enrolment->certificate_size);
    else
        json_null_value(out);
    json_close(out, '}');
}

void trk_put_statistics(struct json_out *out, const char *name, const struct record_sums *sums,
                        bool with_score)
{
    json_put_open(out, name, '{');
    json_put_int(out, "total", sums->total);
    json_put_int(out, "completed", sums->completed);
    json_put_int(out, "inProgress", sums->in_progress);
    json_put_int(out, "notStarted", sums->not_started);
    json_put_int(
        out, "averageProgress",
        trk_percent(sums->percent_hundredths, 10000 * (int64_t)sums->total, sums->completed == sums->total));
    if (with_score && sums->scored)
        json_put_scaled(out, "averageScore", rounded_ratio(sums->score_e4, 1, sums->scored * 100), 2);
    else if (with_score)
        json_put_null(out, "averageScore");
    trk_put_minutes(out, "totalTimeSpent", sums->time_spent_ms);
    json_close(out, '}');
}
