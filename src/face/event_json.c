#include "face/event_json.h"

#include <stdio.h>
#include <string.h>

#include "base/caller.h"
#include "base/digits.h"
#include "base/instant.h"
#include "core/log_entries.h"
#include "core/words.h"
#include "face/event_json_report.h"
#include "face/show.h"
#include "http/json_in.h"

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

/* What a preview, a webhook, a course or a token added to the event. */
static void put_marks(struct json_out *out, const struct event *event)
{
    if (event->untaught)
        json_put_bool(out, "preview", true);
    if (event->has_occurred) {
        json_name(out, "occurredAt");
        json_instant(out, event->occurred_ms);
    }
    if (event->has_completed && event->completed_ms == INSTANT_NEVER) {
        json_put_null(out, "completedAt");
    } else if (event->has_completed) {
        json_name(out, "completedAt");
        json_instant(out, event->completed_ms);
    }
    if (event->zone) {
        json_name(out, "zone");
        json_text(out, event->zone, event->zone_size);
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
    put_marks(out, event);
    put_body(out, event);
    if (event->kind == EV_REPORTED) {
        event_json_put_report(out, &event->report);
        if (event->report.has & HAS_METADATA)
            put_members(out, "metadata", event->report.metadata, event->report.metadata_size);
    }
    json_close(out, '}');
}

/* ---- reading back ---- */

bool event_json_number(json_t *object, const char *name, int64_t low, int64_t high, int64_t *out)
{
    json_t *value = json_object_get(object, name);

    if (!value)
        return true;
    if (!json_is_integer(value) || json_integer_value(value) < low || json_integer_value(value) > high)
        return false;
    *out = json_integer_value(value);
    return true;
}

bool event_json_key(json_t *object, const char *name, uint32_t *out)
{
    int64_t value = 0;
    bool fine = event_json_number(object, name, 1, UINT32_MAX, &value);

    *out = (uint32_t)value;
    return fine;
}

bool event_json_instant(json_t *object, const char *name, int64_t *out)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text && instant_parse(text, strlen(text), out) == INSTANT_FULL;
}

static bool hex(struct arena *arena, const char *text, const uint8_t **out, uint32_t *out_size)
{
    size_t size = strlen(text);
    uint8_t *bytes = arena_alloc(arena, size / 2 + 1);

    if (!bytes || size % 2 || !digits_hex_bytes(text, size / 2, bytes))
        return false;
    *out = bytes;
    *out_size = (uint32_t)(size / 2);
    return true;
}

bool event_json_text(json_t *root, const char *name, const char **out, uint32_t *out_size)
{
    json_t *value = json_object_get(root, name);

    if (!value || json_is_null(value))
        return true;
    *out = json_string_value(value);
    *out_size = (uint32_t)json_string_length(value);
    return *out != NULL;
}

/* null: said, and there is none. */
static bool read_completed(json_t *root, struct event *event)
{
    json_t *value = json_object_get(root, "completedAt");

    event->has_completed = value != NULL;
    if (json_is_null(value))
        event->completed_ms = INSTANT_NEVER;
    return !value || json_is_null(value) || event_json_instant(root, "completedAt", &event->completed_ms);
}

/* The reverse of put_marks. */
static bool read_marks(json_t *root, struct event *event)
{
    event->untaught = json_is_true(json_object_get(root, "preview"));
    event->has_occurred = json_object_get(root, "occurredAt") != NULL;
    return read_completed(root, event) &&
           (!event->has_occurred || event_json_instant(root, "occurredAt", &event->occurred_ms)) &&
           event_json_text(root, "zone", &event->zone, &event->zone_size) &&
           event->zone_size < CALLER_ZONE_BYTES;
}

/* The members of an object, as they are written in the line. */
static bool read_members(const struct event_source *source, json_t *root, const char *name,
                         const uint8_t **out, uint32_t *out_size)
{
    struct fault unused;

    return json_in_members(source->arena, source->line, source->line_size, root, name, NULL, out, out_size,
                           &unused) == RC_OK;
}

static bool read_body(const struct event_source *source, json_t *root, struct event *event)
{
    const char *text = NULL, *body = json_string_value(json_object_get(root, "body"));

    if (event_body_is_members(event->kind))
        return json_is_object(json_object_get(root, "log")) &&
               read_members(source, root, "log", &event->body, &event->body_size);
    if (event_body_is_text(event->kind)) {
        bool fine = event_json_text(root, event->kind == EV_CERTIFIED ? "certificateUrl" : "type", &text,
                                    &event->body_size);
        event->body = (const uint8_t *)text;
        return fine;
    }
    return !body || hex(source->arena, body, &event->body, &event->body_size);
}

static bool read_hash(const struct event_source *source, json_t *root, struct event *event)
{
    const char *text = json_string_value(json_object_get(root, "clientEventHash"));
    const uint8_t *bytes;
    uint32_t size;

    if (!text)
        return true;
    if (!hex(source->arena, text, &bytes, &size) || size != sizeof event->event_id)
        return false;
    memcpy(event->event_id, bytes, sizeof event->event_id);
    return true;
}

bool event_read(const struct event_source *source, json_t *root, struct event *event)
{
    const char *kind = json_string_value(json_object_get(root, "event"));
    const char *face = json_string_value(json_object_get(root, "face"));
    int64_t sequence = 0, log_id = 0, rolled_to = 0, rank = 0;

    event->kind = kind ? word_is_event(kind) : 0;
    event->face = face ? word_is_face(face) : 0;
    if (!event->kind || (face && !event->face) ||
        !event_json_number(root, "eventId", 1, INT64_MAX, &sequence) ||
        !event_json_instant(root, "at", &event->at_ms) || !event_json_key(root, "userKey", &event->learner) ||
        !event_json_key(root, "courseKey", &event->course) ||
        !event_json_key(root, "contentKey", &event->item) ||
        !event_json_key(root, "progressId", &event->record_id) ||
        !event_json_key(root, "enrollmentId", &event->enrolment_id) ||
        !event_json_number(root, "logId", 1, INT64_MAX, &log_id) ||
        !event_json_number(root, "rolledTo", 0, INT64_MAX, &rolled_to) ||
        !event_json_number(root, "typeRank", 0, TYPE_CATALOG, &rank) ||
        !event_json_text(root, "actor", &event->actor, &event->actor_size) ||
        !event_json_text(root, "device", &event->device, &event->device_size) ||
        !read_hash(source, root, event) || !read_body(source, root, event))
        return false;
    if (json_object_get(root, "date") && !event_json_instant(root, "date", &event->log_at_ms))
        return false;
    if (!read_marks(root, event))
        return false;
    event->sequence = (uint64_t)sequence;
    event->log_id = (uint64_t)log_id;
    event->rolled_to = (uint64_t)rolled_to;
    event->type_rank = (uint8_t)rank;
    if (event->kind != EV_REPORTED)
        return true;
    if (!event_json_read_report(json_object_get(root, "report"), source->room, &event->report))
        return false;
    if (!json_object_get(root, "metadata"))
        return true;
    event->report.has |= HAS_METADATA;
    return read_members(source, root, "metadata", &event->report.metadata, &event->report.metadata_size);
}
