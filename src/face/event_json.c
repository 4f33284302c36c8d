#include "face/event_json.h"

#include <stdio.h>
#include <string.h>

#include "core/log_entries.h"
#include "core/words.h"
#include "face/show.h"

bool event_body_is_members(uint8_t kind)
{
    return kind == EV_LOGGED || kind == EV_LOG_UPDATED;
}

bool event_body_is_text(uint8_t kind)
{
    return kind == EV_CERTIFIED || kind == EV_ITEM_OBSERVED;
}

static const char *learner_name(const void *of, uint32_t key)
{
    return view_id(*(const struct view *)of, ENTITY_LEARNER, key).bytes;
}

static const char *course_name(const void *of, uint32_t key)
{
    return view_id(*(const struct view *)of, ENTITY_COURSE, key).bytes;
}

static const char *item_name(const void *of, uint32_t key)
{
    return view_id(*(const struct view *)of, ENTITY_ITEM, key).bytes;
}

struct event_names event_names_of(const struct view *view)
{
    return (struct event_names){view, learner_name, course_name, item_name, NULL, NULL};
}

static void put_key(struct json_out *out, const char *name, uint32_t key, const char *text)
{
    char key_name[24];

    if (!key)
        return;
    (void)snprintf(key_name, sizeof key_name, "%sKey", name); /* fits */
    json_put_int(out, key_name, key);
    if (text && *text)
        json_put_text(out, name, text);
}

static uint32_t number_of(const struct event_names *names, enum entity kind, uint32_t key)
{
    return key && names->number ? names->number(names->numbers, kind, key) : key;
}

static void put_members(struct json_out *out, const char *name, const uint8_t *members, size_t size)
{
    json_put_open(out, name, '{');
    json_put_members(out, members, size, NULL);
    json_close(out, '}');
}

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

static void put_report(struct json_out *out, const struct report *report)
{
    json_put_open(out, "report", '{');
    json_put_bool(out, "player", report->has & FROM_PLAYER);
    if (report->has & (FROM_PLAYER | HAS_DAY))
        json_put_int(out, "localDay", report->local_day);
    if (report->has & IS_PREVIEW)
        json_put_bool(out, "preview", true);
    if (report->has & SETS_SCORE)
        json_put_bool(out, "setsScore", true);
    if (report->has & HAS_CLIENT_AT)
        json_put_int(out, "clientAtMs", report->client_at_ms);
    if (report->has & HAS_POSITION)
        json_put_int(out, "positionMs", report->position_ms);
    if (report->has & HAS_WATCHED)
        json_put_int(out, "watchedDuration", report->watched_s);
    if (report->has & HAS_DURATION)
        json_put_int(out, "durationMs", report->duration_ms);
    if (report->has & HAS_SEGMENTS)
        put_segments(out, report);
    if (report->has & HAS_PERCENT)
        json_put_int(out, "percentHundredths", report->percent_hundredths);
    if (report->has & HAS_STATUS)
        json_put_text(out, "status", word_of_status(report->status, WORDS_UPPER));
    if (report->has & HAS_TIME_SPENT)
        json_put_scaled(out, "timeSpent", report->time_spent_ms, 3);
    if (report->has & HAS_SCORE)
        json_put_int(out, "scoreE4", report->score_e4);
    if (report->has & HAS_MAX_SCORE)
        json_put_int(out, "maxScoreE4", report->max_score_e4);
    json_close(out, '}');
    if (report->has & HAS_METADATA)
        put_members(out, "metadata", report->metadata, report->metadata_size);
}

static void put_hex(struct json_out *out, const char *name, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";

    json_name(out, name);
    buf_char(out->buf, '"');
    for (size_t i = 0; i < size; i++) {
        buf_char(out->buf, digits[bytes[i] >> 4]);
        buf_char(out->buf, digits[bytes[i] & 15]);
    }
    buf_char(out->buf, '"');
    out->comma = true;
}

static void put_body(struct json_out *out, const struct event *event)
{
    if (event_body_is_members(event->kind)) {
        put_members(out, "log", event->body, event->body_size);
    } else if (event->body_size && event_body_is_text(event->kind)) {
        json_name(out, event->kind == EV_CERTIFIED ? "certificateUrl" : "type");
        json_text(out, (const char *)event->body, event->body_size);
    } else if (event->body_size) {
        put_hex(out, "body", event->body, event->body_size);
    }
}

void event_put(struct json_out *out, const struct event *event, const struct event_names *names)
{
    const char *kind = word_of_event(event->kind), *face = word_of_face(event->face);

    json_open(out, '{');
    json_put_int(out, "eventId", (int64_t)event->sequence);
    json_put_text(out, "event", kind ? kind : "unknown");
    json_name(out, "at");
    json_instant(out, event->at_ms);
    json_put_text(out, "face", face);
    const char *learner = event->learner ? names->learner(names->of, event->learner) : NULL;
    put_key(out, "user", number_of(names, ENTITY_LEARNER, event->learner), learner);
    put_key(out, "course", number_of(names, ENTITY_COURSE, event->course),
            event->course ? names->course(names->of, event->course) : NULL);
    put_key(out, "content", number_of(names, ENTITY_ITEM, event->item),
            event->item ? names->item(names->of, event->item) : NULL);
    json_name(out, "actor");
    if (event->actor_size)
        json_text(out, event->actor, event->actor_size);
    else if (learner && *learner)
        json_text(out, learner, strlen(learner)); /* whose record it is */
    else
        json_null_value(out); /* the server itself, or who was erased */
    if (event->device_size) {
        json_name(out, "device");
        json_text(out, event->device, event->device_size);
    }
    if (event->record_id)
        json_put_int(out, "progressId", event->record_id);
    if (event->enrolment_id)
        json_put_int(out, "enrollmentId", event->enrolment_id);
    if (event->log_id)
        json_put_int(out, "logId", (int64_t)event->log_id);
    if (event->log_id || event->log_at_ms) {
        json_name(out, "date");
        json_instant(out, event->log_at_ms);
    }
    if (event->rolled_to)
        json_put_int(out, "rolledTo", (int64_t)event->rolled_to);
    if (event->event_id[0] || event->event_id[1])
        put_hex(out, "clientEventHash", (const uint8_t *)event->event_id, sizeof event->event_id);
    if (event->type_rank)
        json_put_int(out, "typeRank", event->type_rank);
    if (event->untaught)
        json_put_bool(out, "preview", true);
    if (event->has_occurred) {
        json_name(out, "occurredAt");
        json_instant(out, event->occurred_ms);
    }
    if (event->zone) {
        json_name(out, "zone");
        json_text(out, event->zone, event->zone_size);
    }
    put_body(out, event);
    if (event->kind == EV_REPORTED)
        put_report(out, &event->report);
    json_close(out, '}');
}
