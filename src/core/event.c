#include "core/event.h"

#include <string.h>

#include "base/codec.h"

/* Which optional parts are there. On disk: never renumber. */
enum part {
    PART_COURSE = 1,
    PART_ITEM = 2,
    PART_RECORD = 4,
    PART_ENROLMENT = 8,
    PART_ACTOR = 16,
    PART_DEVICE = 32,
    PART_BODY = 64,
    PART_LOG = 128,
    PART_ROLLED_TO = 256,
    PART_EVENT_ID = 512,
    PART_REPORT = 1024,
    PART_TYPE_RANK = 2048,
    PART_ZONE = 4096,
    PART_OCCURRED = 8192,
    PART_UNTAUGHT = 16384,
    PART_COMPLETED = 32768,
    PARTS_ALL = 2 * PART_COMPLETED - 1, /* another is a newer version's: what it means is not known */
};

/* In a stored report's has beside enum report_member: its time is in milliseconds. Events of old have whole
 * seconds, and so has any report that comes out even. */
enum { TIME_IN_MS = 1 << 14 };

enum { FIXED_BYTES = 45 * VARINT_MAX_BYTES };

size_t event_bound(const struct event *event)
{
    return FIXED_BYTES + (size_t)event->actor_size + event->device_size + event->body_size +
           event->zone_size + 2 * VARINT_MAX_BYTES * (size_t)event->report.segment_count +
           event->report.metadata_size;
}

uint8_t *keys_put(uint8_t *at, const uint32_t *keys, uint32_t count)
{
    at = put_u64(at, count);
    for (uint32_t i = 0; i < count; i++)
        at = put_u64(at, keys[i]);
    return at;
}

uint8_t *losses_put(uint8_t *at, const struct course_loss *losses, uint32_t count)
{
    at = put_u64(at, count);
    for (uint32_t i = 0; i < count; i++)
        at = put_i64(put_u64(at, losses[i].course), losses[i].at_ms);
    return at;
}

bool event_is_catalogue(enum event_kind kind)
{
    return kind >= EV_COURSE_DECLARED;
}

bool event_is_act(enum event_kind kind, uint8_t face, bool by_another)
{
    switch (kind) {
    case EV_COURSE_DECLARED:
    case EV_COURSE_UNDECLARED:
    case EV_ERASED:
        return true;
    case EV_ENROLLED:
        return by_another && face == FACE_PTS; /* the webhook */
    case EV_DROPPED:
    case EV_EXPIRED:
    case EV_WEBHOOK_NOTED:
    case EV_CERTIFIED:
    case EV_LOCKED:
    case EV_UNLOCKED:
    case EV_DELETED:
    case EV_RESET:
    case EV_LOG_UPDATED:
    case EV_LOG_DELETED:
    case EV_LOGS_CLEARED:
    case EV_LOGS_ROLLED_BACK:
        return by_another && face != FACE_IMPORT;
    default:
        return false;
    }
}

static uint8_t *encode_report(uint8_t *at, const struct report *report)
{
    bool in_ms = report->has & HAS_TIME_SPENT && report->time_spent_ms % 1000;

    at = put_u64(at, report->has | (in_ms ? TIME_IN_MS : 0));
    at = put_i64(at, report->local_day);
    if (report->has & HAS_CLIENT_AT)
        at = put_i64(at, report->client_at_ms);
    if (report->has & HAS_POSITION)
        at = put_i64(at, report->position_ms);
    if (report->has & HAS_WATCHED)
        at = put_i64(at, report->watched_s);
    if (report->has & HAS_DURATION)
        at = put_i64(at, report->duration_ms);
    if (report->has & HAS_SEGMENTS) {
        int64_t last = 0;
        at = put_u64(at, report->segment_count);
        for (uint32_t i = 0; i < report->segment_count; i++) {
            at = put_i64(at, report->segments[i].from_ms - last);
            at = put_i64(at, report->segments[i].to_ms - report->segments[i].from_ms);
            last = report->segments[i].to_ms;
        }
    }
    if (report->has & HAS_PERCENT)
        at = put_u64(at, report->percent_hundredths);
    if (report->has & HAS_STATUS)
        at = put_u64(at, report->status);
    if (report->has & HAS_TIME_SPENT)
        at = put_i64(at, in_ms ? report->time_spent_ms : report->time_spent_ms / 1000);
    if (report->has & HAS_SCORE)
        at = put_i64(at, report->score_e4);
    if (report->has & HAS_MAX_SCORE)
        at = put_i64(at, report->max_score_e4);
    if (report->has & HAS_METADATA)
        at = put_bytes(at, report->metadata, report->metadata_size);
    return at;
}

size_t event_encode(const struct event *event, uint8_t *out)
{
    bool log = event->log_id || event->log_at_ms, id = event->event_id[0] || event->event_id[1];
    unsigned parts = (event->course ? PART_COURSE : 0) | (event->item ? PART_ITEM : 0) |
                     (event->record_id ? PART_RECORD : 0) | (event->enrolment_id ? PART_ENROLMENT : 0) |
                     (event->actor_size ? PART_ACTOR : 0) | (event->device_size ? PART_DEVICE : 0) |
                     (event->body_size ? PART_BODY : 0) | (log ? PART_LOG : 0) |
                     (event->rolled_to ? PART_ROLLED_TO : 0) | (id ? PART_EVENT_ID : 0) |
                     (event->kind == EV_REPORTED ? PART_REPORT : 0) |
                     (event->type_rank ? PART_TYPE_RANK : 0) | (event->zone ? PART_ZONE : 0) |
                     (event->has_occurred ? PART_OCCURRED : 0) | (event->untaught ? PART_UNTAUGHT : 0) |
                     (event->has_completed ? PART_COMPLETED : 0);
    uint8_t *at = put_u64(out, parts);

    at = put_u64(at, event->face);
    if (event->course)
        at = put_u64(at, event->course);
    if (event->item)
        at = put_u64(at, event->item);
    if (event->record_id)
        at = put_u64(at, event->record_id);
    if (event->enrolment_id)
        at = put_u64(at, event->enrolment_id);
    if (event->actor_size)
        at = put_bytes(at, event->actor, event->actor_size);
    if (event->device_size)
        at = put_bytes(at, event->device, event->device_size);
    if (event->body_size)
        at = put_bytes(at, event->body, event->body_size);
    if (log) {
        at = put_u64(at, event->log_id);
        at = put_i64(at, event->log_at_ms);
    }
    if (event->rolled_to)
        at = put_u64(at, event->rolled_to);
    if (id) {
        at = put_u64(at, event->event_id[0]);
        at = put_u64(at, event->event_id[1]);
    }
    if (event->type_rank)
        at = put_u64(at, event->type_rank);
    if (event->zone)
        at = put_bytes(at, event->zone, event->zone_size);
    if (event->has_occurred)
        at = put_i64(at, event->occurred_ms);
    if (event->has_completed)
        at = put_instant(at, event->completed_ms);
    if (event->kind == EV_REPORTED)
        at = encode_report(at, &event->report);
    return (size_t)(at - out);
}

/* False: so much that it cannot be told in milliseconds; no face ever took it. */
static bool read_time(struct reader *from, bool in_ms, int64_t *out_ms)
{
    int64_t time = get_i64(from);

    if (time < 0 || (!in_ms && time > INT64_MAX / 1000))
        return false;
    *out_ms = in_ms ? time : time * 1000;
    return true;
}

static bool decode_report(struct reader *from, struct segment *segments, size_t room_count,
                          struct report *report)
{
    uint32_t has = get_u32(from);

    report->has = has & ~(uint32_t)TIME_IN_MS;
    report->local_day = (int32_t)get_i64(from);
    if (report->has & HAS_CLIENT_AT)
        report->client_at_ms = get_i64(from);
    if (report->has & HAS_POSITION)
        report->position_ms = get_i64(from);
    if (report->has & HAS_WATCHED)
        report->watched_s = get_i64(from);
    if (report->has & HAS_DURATION)
        report->duration_ms = get_i64(from);
    if (report->has & HAS_SEGMENTS) {
        int64_t last = 0;
        report->segment_count = get_u32(from);
        if (report->segment_count > room_count)
            return false;
        for (uint32_t i = 0; i < report->segment_count; i++) {
            segments[i].from_ms = get_i64_after(from, last);
            segments[i].to_ms = last = get_i64_after(from, segments[i].from_ms);
        }
        report->segments = segments;
    }
    if (report->has & HAS_PERCENT)
        report->percent_hundredths = (uint16_t)get_u64(from);
    if (report->has & HAS_STATUS)
        report->status = (uint8_t)get_u64(from);
    if (report->has & HAS_TIME_SPENT && !read_time(from, has & TIME_IN_MS, &report->time_spent_ms))
        return false;
    if (report->has & HAS_SCORE)
        report->score_e4 = get_i64(from);
    if (report->has & HAS_MAX_SCORE)
        report->max_score_e4 = get_i64(from);
    if (report->has & HAS_METADATA)
        report->metadata = (const uint8_t *)get_bytes(from, &report->metadata_size);
    return report->percent_hundredths <= 10000 && report->status <= ITEM_COMPLETED;
}

bool event_peek(const uint8_t *bytes, size_t size, struct event_named *out)
{
    struct reader from = {bytes, bytes + size, false};
    struct event_named named = {0};
    unsigned parts = get_u32(&from);

    named.face = (uint8_t)get_u64(&from);
    if (parts & PART_COURSE)
        named.course = get_u32(&from);
    if (parts & PART_ITEM)
        named.item = get_u32(&from);
    if (parts & PART_RECORD)
        (void)get_u32(&from); /* passed over */
    if (parts & PART_ENROLMENT)
        (void)get_u32(&from); /* likewise */
    if (parts & PART_ACTOR)
        named.actor = get_bytes(&from, &named.actor_size);
    if (from.bad)
        return false;
    *out = named;
    return true;
}

bool event_decode(const uint8_t *bytes, size_t size, struct segment *segments, size_t room_count,
                  struct event *event)
{
    struct reader from = {bytes, bytes + size, false};
    struct event decoded = {
        .sequence = event->sequence, .kind = event->kind, .learner = event->learner, .at_ms = event->at_ms};
    unsigned parts = get_u32(&from);

    if (parts & ~(unsigned)PARTS_ALL)
        return false;
    decoded.face = (uint8_t)get_u64(&from);
    if (parts & PART_COURSE)
        decoded.course = get_u32(&from);
    if (parts & PART_ITEM)
        decoded.item = get_u32(&from);
    if (parts & PART_RECORD)
        decoded.record_id = get_u32(&from);
    if (parts & PART_ENROLMENT)
        decoded.enrolment_id = get_u32(&from);
    if (parts & PART_ACTOR)
        decoded.actor = get_bytes(&from, &decoded.actor_size);
    if (parts & PART_DEVICE)
        decoded.device = get_bytes(&from, &decoded.device_size);
    if (parts & PART_BODY)
        decoded.body = (const uint8_t *)get_bytes(&from, &decoded.body_size);
    if (parts & PART_LOG) {
        decoded.log_id = get_u64(&from);
        decoded.log_at_ms = get_i64(&from);
    }
    if (parts & PART_ROLLED_TO)
        decoded.rolled_to = get_u64(&from);
    if (parts & PART_EVENT_ID) {
        decoded.event_id[0] = get_u64(&from);
        decoded.event_id[1] = get_u64(&from);
    }
    if (parts & PART_TYPE_RANK)
        decoded.type_rank = (uint8_t)get_u64(&from);
    if (parts & PART_ZONE) {
        decoded.zone = get_bytes(&from, &decoded.zone_size);
        decoded.zone = decoded.zone ? decoded.zone : ""; /* none from here on */
    }
    if (parts & PART_OCCURRED)
        decoded.occurred_ms = get_i64(&from);
    decoded.has_occurred = parts & PART_OCCURRED;
    decoded.untaught = parts & PART_UNTAUGHT;
    if (parts & PART_COMPLETED)
        decoded.completed_ms = get_instant(&from);
    decoded.has_completed = parts & PART_COMPLETED;
    if (parts & PART_REPORT && !decode_report(&from, segments, room_count, &decoded.report))
        return false;
    if (from.bad || from.at != from.end || (event->kind == EV_REPORTED) != ((parts & PART_REPORT) != 0))
        return false;
    *event = decoded;
    return true;
}
