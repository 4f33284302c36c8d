#include "face/event_json_report.h"

#include <stddef.h>
#include <string.h>

#include "core/event.h"
#include "core/words.h"
#include "face/event_json.h"
#include "http/json_in.h"

static void put_segments(struct json_out *out, const struct report *report)
{
    json_put_open(out, "segmentsMs", '[');
    for (uint32_t i = 0; i < report->segment_count; i++) {
        json_open(out, '[');
        json_int(out, report->segments[i].from_ms);
        json_int(out, report->segments[i].to_ms);
        json_close(out, ']');
    }
    json_close(out, ']');
}

/* The numbers of a report, in the order they are written. */
static const struct report_number {
    const char *name;
    uint32_t bit;
    size_t offset; /* of an int64_t */
    int64_t low;
} report_numbers[] = {
    {"clientAtMs", HAS_CLIENT_AT, offsetof(struct report, client_at_ms), INT64_MIN},
    {"positionMs", HAS_POSITION, offsetof(struct report, position_ms), 0},
    {"watchedDuration", HAS_WATCHED, offsetof(struct report, watched_s), 0},
    {"durationMs", HAS_DURATION, offsetof(struct report, duration_ms), 0},
    {"scoreE4", HAS_SCORE, offsetof(struct report, score_e4), 0},
    {"maxScoreE4", HAS_MAX_SCORE, offsetof(struct report, max_score_e4), 0},
};
/* The marks of a report that are true or left out. */
static const struct {
    const char *name;
    uint32_t bit;
} report_marks[] = {{"preview", IS_PREVIEW}, {"setsScore", SETS_SCORE}};

void event_json_put_report(struct json_out *out, const struct report *report)
{
    json_put_open(out, "report", '{');
    json_put_bool(out, "player", report->has & FROM_PLAYER);
    if (report->has & (FROM_PLAYER | HAS_DAY))
        json_put_int(out, "localDay", report->local_day);
    for (size_t i = 0; i < sizeof report_marks / sizeof *report_marks; i++)
        if (report->has & report_marks[i].bit)
            json_put_bool(out, report_marks[i].name, true);
    for (size_t i = 0; i < sizeof report_numbers / sizeof *report_numbers; i++)
        if (report->has & report_numbers[i].bit)
            json_put_int(out, report_numbers[i].name,
                         *(const int64_t *)(const void *)((const char *)report + report_numbers[i].offset));
    if (report->has & HAS_SEGMENTS)
        put_segments(out, report);
    if (report->has & HAS_PERCENT)
        json_put_int(out, "percentHundredths", report->percent_hundredths);
    if (report->has & HAS_STATUS)
        json_put_text(out, "status", word_of_status(report->status, WORDS_UPPER));
    if (report->has & HAS_TIME_SPENT)
        json_put_scaled(out, "timeSpent", report->time_spent_ms, 3);
    json_close(out, '}');
}

/* ---- reading back ---- */

static bool read_segments(struct segment *room, json_t *list, struct report *report)
{
    size_t index;
    json_t *pair;

    if (!list)
        return true;
    report->has |= HAS_SEGMENTS;
    report->segments = room;
    if (!json_is_array(list) || json_array_size(list) > EVENT_SEGMENTS_MAX)
        return false;
    json_array_foreach(list, index, pair)
    {
        if (!json_is_integer(json_array_get(pair, 0)) || !json_is_integer(json_array_get(pair, 1)))
            return false;
        room[index].from_ms = json_integer_value(json_array_get(pair, 0));
        room[index].to_ms = json_integer_value(json_array_get(pair, 1));
    }
    report->segment_count = (uint32_t)json_array_size(list);
    return true;
}

static bool read_status(json_t *value, struct report *report)
{
    enum item_status status;

    if (!value)
        return true;
    if (!json_is_string(value) || !word_is_status(json_string_value(value), WORDS_UPPER, strcmp, &status))
        return false;
    report->has |= HAS_STATUS;
    report->status = (uint8_t)status;
    return true;
}

/* Seconds, with up to three decimals. */
static bool read_time(json_t *from, struct report *report)
{
    json_t *seconds = json_object_get(from, "timeSpent");
    struct fault unused;

    if (!seconds)
        return true;
    report->has |= HAS_TIME_SPENT;
    return json_in_scaled(seconds, "timeSpent", 3, 0, NUMBER_MAX, &report->time_spent_ms, &unused) == RC_OK;
}

static bool read_numbers(json_t *from, struct report *report)
{
    for (size_t i = 0; i < sizeof report_numbers / sizeof *report_numbers; i++) {
        const struct report_number *number = &report_numbers[i];
        if (json_object_get(from, number->name))
            report->has |= number->bit;
        if (!event_json_number(from, number->name, number->low, INT64_MAX,
                               (int64_t *)(void *)((char *)report + number->offset)))
            return false;
    }
    return true;
}

bool event_json_read_report(json_t *from, struct segment *room, struct report *report)
{
    int64_t day = 0, percent = 0;

    if (!json_is_object(from) || !event_json_number(from, "localDay", INT32_MIN, INT32_MAX, &day) ||
        !event_json_number(from, "percentHundredths", 0, 10000, &percent) || !read_numbers(from, report) ||
        !read_time(from, report) || !read_status(json_object_get(from, "status"), report) ||
        !read_segments(room, json_object_get(from, "segmentsMs"), report))
        return false;
    report->local_day = (int32_t)day;
    if (day) /* exports of old wrote 0 for reports that counted for no day */
        report->has |= HAS_DAY;
    report->percent_hundredths = (uint16_t)percent;
    if (json_object_get(from, "percentHundredths"))
        report->has |= HAS_PERCENT;
    for (size_t i = 0; i < sizeof report_marks / sizeof *report_marks; i++)
        if (json_is_true(json_object_get(from, report_marks[i].name)))
            report->has |= report_marks[i].bit;
    if (json_is_true(json_object_get(from, "player")))
        report->has |= FROM_PLAYER;
    return true;
}
