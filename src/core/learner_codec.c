#include "core/learner_codec.h"

#include <string.h>

#include "base/codec.h"
#include "core/days.h"

enum { CODEC_VERSION = 3, RECORD_NUMBERS = 27, ENROLMENT_NUMBERS = 16 };

size_t learner_bound(const struct learner *learner)
{
    size_t bytes = 18 * VARINT_MAX_BYTES + (learner->zone ? strlen(learner->zone) : 0) +
                   learner->day_count * VARINT_MAX_BYTES + learner->event_id_count * 2 * VARINT_MAX_BYTES +
                   days_figured(learner) * 2 * VARINT_MAX_BYTES +
                   learner->course_day_count * 2 * VARINT_MAX_BYTES;

    for (uint32_t i = 0; i < learner->record_count; i++)
        bytes += RECORD_NUMBERS * VARINT_MAX_BYTES + learner->records[i].metadata_size +
                 learner->records[i].segment_count * 2 * VARINT_MAX_BYTES;
    for (uint32_t i = 0; i < learner->enrolment_count; i++)
        bytes += ENROLMENT_NUMBERS * VARINT_MAX_BYTES + learner->enrolments[i].certificate_size;
    return bytes;
}

static uint8_t *encode_record(uint8_t *at, const struct record *record)
{
    int64_t last = 0;

    at = put_u64(at, record->item);
    at = put_u64(at, record->id);
    at = put_u64(at, record->status);
    at = put_u64(at, record->flags);
    at = put_u64(at, record->percent_hundredths);
    at = put_u64(at, record->stated_hundredths);
    at = put_i64(at, record->position_ms);
    at = put_instant(at, record->position_at_ms);
    at = put_i64(at, record->furthest_ms);
    at = put_i64(at, record->watched_s);
    at = put_instant(at, record->watched_at_ms);
    at = put_i64(at, record->watched_most_s);
    at = put_i64(at, record->duration_ms);
    at = put_instant(at, record->duration_at_ms);
    at = put_i64(at, record->time_spent_ms);
    at = put_i64(at, record->score_e4);
    at = put_i64(at, record->max_score_e4);
    at = put_instant(at, record->started_at_ms);
    at = put_instant(at, record->completed_at_ms);
    at = put_instant(at, record->last_watched_ms);
    at = put_instant(at, record->created_at_ms);
    at = put_instant(at, record->updated_at_ms);
    at = put_instant(at, record->floor_ms);
    at = put_u64(at, record->version);
    at = put_bytes(at, record->metadata, record->metadata_size);
    at = put_u64(at, record->segment_count);
    for (uint32_t i = 0; i < record->segment_count; i++) {
        at = put_i64(at, record->segments[i].from_ms - last);
        at = put_i64(at, record->segments[i].to_ms - record->segments[i].from_ms);
        last = record->segments[i].to_ms;
    }
    return at;
}

static uint8_t *encode_enrolment(uint8_t *at, const struct enrolment *enrolment)
{
    at = put_u64(at, enrolment->course);
    at = put_u64(at, enrolment->id);
    at = put_u64(at, enrolment->class);
    at = put_u64(at, enrolment->day_count);
    at = put_u64(at, enrolment->completed_required);
    at = put_u64(at, enrolment->completed_items);
    at = put_instant(at, enrolment->enrolled_at_ms);
    at = put_instant(at, enrolment->completed_at_ms);
    at = put_instant(at, enrolment->last_completion_ms);
    at = put_instant(at, enrolment->last_activity_ms);
    at = put_instant(at, enrolment->created_at_ms);
    at = put_instant(at, enrolment->updated_at_ms);
    at = put_instant(at, enrolment->said_at_ms);
    at = put_u64(at, enrolment->version);
    return put_bytes(at, enrolment->certificate_url, enrolment->certificate_size);
}

static uint8_t *encode_days(uint8_t *at, const struct learner *learner)
{
    const struct course_day *course_day = learner->course_days;
    int32_t last_day = 0;

    for (uint32_t i = 0; i < learner->day_count; i++) {
        at = put_i64(at, learner->days[i] - last_day);
        last_day = learner->days[i];
    }
    for (uint32_t i = 0; i < days_figured(learner); i++) {
        at = put_u64(at, learner->day_reports[i]);
        at = put_i64(at, learner->day_gained_ms[i]);
    }
    for (uint32_t i = 0; i < learner->enrolment_count; i++) {
        last_day = 0;
        for (uint32_t k = 0; k < learner->enrolments[i].day_count; k++, course_day++) {
            at = put_i64(at, course_day->day - last_day);
            at = put_u64(at, course_day->reports);
            last_day = course_day->day;
        }
    }
    return at;
}

size_t learner_encode(const struct learner *learner, uint8_t *out)
{
    uint8_t *at = put_u64(out, CODEC_VERSION);

    at = put_u64(at, learner->record_count);
    at = put_u64(at, learner->enrolment_count);
    at = put_u64(at, learner->day_count);
    at = put_u64(at, learner->event_id_count);
    at = put_u64(at, learner->course_day_count);
    at = put_u64(at, learner->event_id_next);
    at = put_i64(at, learner->last_event_ms);
    at = put_u64(at, learner->version);
    at = put_bytes(at, learner->zone, learner->zone ? strlen(learner->zone) : 0);
    for (uint32_t i = 0; i < learner->record_count; i++)
        at = encode_record(at, &learner->records[i]);
    for (uint32_t i = 0; i < learner->enrolment_count; i++)
        at = encode_enrolment(at, &learner->enrolments[i]);
    at = encode_days(at, learner);
    for (uint32_t i = 0; i < learner->event_id_count; i++) {
        at = put_u64(at, learner->event_ids[i][0]);
        at = put_u64(at, learner->event_ids[i][1]);
    }
    return (size_t)(at - out);
}

static bool read_head(struct reader *from, struct learner *head, const char **out_zone,
                      uint32_t *out_zone_size)
{
    if (get_u64(from) != CODEC_VERSION)
        return false;
    head->record_count = get_u32(from);
    head->enrolment_count = get_u32(from);
    head->day_count = get_u32(from);
    head->event_id_count = get_u32(from);
    head->course_day_count = get_u32(from);
    head->event_id_next = get_u32(from);
    head->last_event_ms = get_i64(from);
    head->version = get_u64(from);
    *out_zone = get_bytes(from, out_zone_size);
    size_t left = (size_t)(from->end - from->at); /* every entry takes at least a byte: no absurd counts */
    return !from->bad && head->record_count <= left && head->enrolment_count <= left &&
           head->day_count <= left && head->course_day_count <= left &&
           head->event_id_count <= LEARNER_EVENT_IDS;
}

bool learner_peek(const uint8_t *bytes, size_t size, struct learner_sizes *out_sizes)
{
    struct reader from = {bytes, bytes + size, false};
    struct learner head = {0};
    uint32_t zone_size;
    const char *zone;

    if (!read_head(&from, &head, &zone, &zone_size))
        return false;
    *out_sizes = (struct learner_sizes){head.record_count, head.enrolment_count, head.day_count,
                                        head.event_id_count, head.course_day_count};
    return true;
}

static bool decode_record(struct reader *from, struct record *record, struct segment *room,
                          const struct segment *(*keep)(void *, const struct segment *, uint32_t), void *arg)
{
    int64_t last = 0;

    *record = (struct record){.item = get_u32(from)};
    record->id = get_u32(from);
    record->status = (uint8_t)get_u64(from);
    record->flags = (uint16_t)get_u64(from);
    record->percent_hundredths = (uint16_t)get_u64(from);
    record->stated_hundredths = (uint16_t)get_u64(from);
    record->position_ms = get_i64(from);
    record->position_at_ms = get_instant(from);
    record->furthest_ms = get_i64(from);
    record->watched_s = get_i64(from);
    record->watched_at_ms = get_instant(from);
    record->watched_most_s = get_i64(from);
    record->duration_ms = get_i64(from);
    record->duration_at_ms = get_instant(from);
    record->time_spent_ms = get_i64(from);
    record->score_e4 = get_i64(from);
    record->max_score_e4 = get_i64(from);
    record->started_at_ms = get_instant(from);
    record->completed_at_ms = get_instant(from);
    record->last_watched_ms = get_instant(from);
    record->created_at_ms = get_instant(from);
    record->updated_at_ms = get_instant(from);
    record->floor_ms = get_instant(from);
    record->version = get_u64(from);
    record->metadata = (const uint8_t *)get_bytes(from, &record->metadata_size);
    record->segment_count = get_u32(from);
    if (from->bad || record->segment_count > RECORD_MAX_SEGMENTS || record->status > ITEM_COMPLETED)
        return false;
    for (uint32_t i = 0; i < record->segment_count; i++) {
        room[i].from_ms = get_i64_after(from, last);
        room[i].to_ms = get_i64_after(from, room[i].from_ms);
        if (from->bad || room[i].from_ms < last || room[i].to_ms < room[i].from_ms)
            return false; /* what they cover might be no number */
        last = room[i].to_ms;
    }
    if (record->segment_count) {
        record->segments = keep(arg, room, record->segment_count);
        record->covered_ms = segments_covered_ms(room, record->segment_count);
        if (!record->segments)
            return false;
    }
    return !from->bad;
}

static bool decode_enrolment(struct reader *from, struct enrolment *enrolment)
{
    *enrolment = (struct enrolment){.course = get_u32(from)};
    enrolment->id = get_u32(from);
    enrolment->class = (uint8_t)get_u64(from);
    enrolment->day_count = (uint16_t)get_u64(from);
    enrolment->completed_required = get_u32(from);
    enrolment->completed_items = get_u32(from);
    enrolment->enrolled_at_ms = get_instant(from);
    enrolment->completed_at_ms = get_instant(from);
    enrolment->last_completion_ms = get_instant(from);
    enrolment->last_activity_ms = get_instant(from);
    enrolment->created_at_ms = get_instant(from);
    enrolment->updated_at_ms = get_instant(from);
    enrolment->said_at_ms = get_instant(from);
    enrolment->version = get_u64(from);
    enrolment->certificate_url = get_bytes(from, &enrolment->certificate_size);
    return !from->bad && enrolment->class < CLASS_COUNT && enrolment->day_count <= DAYS_KEPT;
}

static int32_t get_day_after(struct reader *from, int32_t last)
{
    int64_t day = get_i64_after(from, last);

    if (day < INT32_MIN || day > INT32_MAX) {
        from->bad = true;
        return last;
    }
    return (int32_t)day;
}

static bool decode_days(struct reader *from, struct learner *head)
{
    int32_t day = 0;
    uint32_t at = 0;

    for (uint32_t i = 0; i < head->day_count; i++)
        head->days[i] = day = get_day_after(from, day);
    for (uint32_t i = 0; i < days_figured(head); i++) {
        head->day_reports[i] = get_u32(from);
        head->day_gained_ms[i] = get_i64(from);
    }
    for (uint32_t i = 0; i < head->enrolment_count; i++) {
        day = 0;
        if (head->enrolments[i].day_count > head->course_day_count - at)
            return false;
        for (uint32_t k = 0; k < head->enrolments[i].day_count; k++) {
            day = get_day_after(from, day);
            head->course_days[at++] = (struct course_day){day, get_u32(from)};
        }
    }
    return at == head->course_day_count;
}

bool learner_decode(const uint8_t *bytes, size_t size, struct learner *learner, struct segment *room,
                    const struct segment *(*keep)(void *arg, const struct segment *segments, uint32_t count),
                    void *arg, const char **out_zone, uint32_t *out_zone_size)
{
    struct reader from = {bytes, bytes + size, false};
    struct learner head = *learner;

    if (!read_head(&from, &head, out_zone, out_zone_size) || head.record_count > head.record_room ||
        head.enrolment_count > head.enrolment_room || head.day_count > head.day_room ||
        head.event_id_count > head.event_id_room || head.course_day_count > head.course_day_room)
        return false;
    for (uint32_t i = 0; i < head.record_count; i++) {
        if (!decode_record(&from, &head.records[i], room, keep, arg))
            return false;
        head.items[i] = head.records[i].item;
        head.metadata_bytes += head.records[i].metadata_size;
        head.segment_total += head.records[i].segment_count;
        head.previews += record_is_preview(&head.records[i]);
    }
    for (uint32_t i = 0; i < head.enrolment_count; i++)
        if (!decode_enrolment(&from, &head.enrolments[i]))
            return false;
    if (!decode_days(&from, &head))
        return false;
    for (uint32_t i = 0; i < head.event_id_count; i++) {
        head.event_ids[i][0] = get_u64(&from);
        head.event_ids[i][1] = get_u64(&from);
    }
    if (from.bad || from.at != from.end)
        return false;
    *learner = head;
    learner_index(learner);
    return true;
}
