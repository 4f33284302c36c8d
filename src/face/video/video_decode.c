#include "face/video/video_decode.h"

#include <string.h>

#include <xxhash.h>

enum { SEGMENTS_MAX = 10000, DEVICE_MAX = 128, EVENT_ID_MAX = 128 };

static enum rc decode_segments(struct request *request, const json_t *value, struct report *report,
                               struct fault *fault)
{
    static const char field[] = "segments";
    size_t index;
    json_t *pair;

    if (!json_is_array(value) || json_array_size(value) > SEGMENTS_MAX)
        return fault_set(fault, RC_INVALID, field, "must be an array of at most 10,000 [from, to] pairs");
    struct segment *segments = arena_alloc(&request->arena, (json_array_size(value) + 1) * sizeof *segments);
    if (!segments)
        return fault_no_memory(fault);
    json_array_foreach(value, index, pair)
    {
        enum rc rc = RC_OK;
        if (!json_is_array(pair) || json_array_size(pair) != 2)
            return fault_set(fault, RC_INVALID, field, "each segment is a pair [from, to] of seconds");
        rc =
            json_in_scaled(json_array_get(pair, 0), field, 3, 0, NUMBER_MAX, &segments[index].from_ms, fault);
        if (rc == RC_OK)
            rc = json_in_scaled(json_array_get(pair, 1), field, 3, 0, NUMBER_MAX, &segments[index].to_ms,
                                fault);
        if (rc != RC_OK)
            return rc;
        if (segments[index].to_ms < segments[index].from_ms)
            return fault_set(fault, RC_INVALID, field, "a segment must not end before it begins");
    }
    report->segment_count = (uint32_t)segments_normalize(segments, json_array_size(value));
    report->segments = segments;
    report->has |= HAS_SEGMENTS;
    return RC_OK;
}

static enum rc decode_instant(struct request *request, const json_t *value, struct report *report,
                              struct fault *fault)
{
    bool past = false;
    enum rc rc = value
                     ? face_client_instant(request, value, "lastWatched", &report->client_at_ms, &past, fault)
                     : RC_OK;

    if (past)
        report->has |= HAS_CLIENT_AT;
    return rc;
}

/* A device's or an event's id: any text, or an integer for its digits. Source: contract 1, Ids. */
static enum rc decode_name(struct request *request, const json_t *value, const char *field, size_t most,
                           const char **out, struct fault *fault)
{
    int64_t number;

    if (!json_is_number(value))
        return json_in_text(value, field, most, out, fault);
    enum rc rc = json_in_integer(value, field, INT64_MIN, INT64_MAX, &number, fault);
    if (rc == RC_OK && !(*out = arena_printf(&request->arena, "%lld", (long long)number)))
        rc = fault_no_memory(fault);
    return rc;
}

static enum rc decode_extras(struct request *request, json_t *object, struct item_report *out,
                             struct fault *fault)
{
    json_t *value;
    const char *text;
    enum rc rc = RC_OK;

    if ((value = json_in_member(object, "position", SPELLING_EXACT))) {
        rc = json_in_scaled(value, "position", 3, 0, NUMBER_MAX, &out->report.position_ms, fault);
        out->report.has |= HAS_POSITION;
    }
    if (rc == RC_OK && (value = json_in_member(object, "duration", SPELLING_EXACT))) {
        rc = json_in_scaled(value, "duration", 3, 0, NUMBER_MAX, &out->report.duration_ms, fault);
        if (out->report.duration_ms) /* a player says 0 before it knows */
            out->report.has |= HAS_DURATION;
    }
    if (rc == RC_OK && (value = json_in_member(object, "segments", SPELLING_EXACT)))
        rc = decode_segments(request, value, &out->report, fault);
    if (rc == RC_OK && (value = json_in_member(object, "courseId", SPELLING_EXACT)))
        rc = json_in_id(&request->arena, value, "courseId", &out->course.bytes, &out->course.size, fault);
    if (rc == RC_OK && (value = json_in_member(object, "deviceId", SPELLING_EXACT))) {
        rc = decode_name(request, value, "deviceId", DEVICE_MAX, &text, fault);
        if (rc == RC_OK)
            out->device =
                (struct text){arena_copy(&request->arena, text, strlen(text)), (uint32_t)strlen(text)};
    }
    if (rc == RC_OK && (value = json_in_member(object, "eventId", SPELLING_EXACT))) {
        rc = decode_name(request, value, "eventId", EVENT_ID_MAX, &text, fault);
        if (rc == RC_OK && !*text)
            rc = fault_set(fault, RC_INVALID, "eventId", "must not be empty");
        if (rc == RC_OK) {
            XXH128_hash_t hash = XXH3_128bits(text, strlen(text));
            out->event_id[0] = hash.low64 | 1; /* never the "none" of 0,0 */
            out->event_id[1] = hash.high64;
        }
    }
    return rc;
}

enum rc video_report_decode(struct request *request, json_t *object, struct item_report *out,
                            struct fault *fault)
{
    enum rc rc = json_in_id(&request->arena, json_in_member(object, "videoId", SPELLING_EXACT), "videoId",
                            &out->item.bytes, &out->item.size, fault);

    if (rc == RC_OK)
        rc = json_in_integer(json_in_member(object, "watchedDuration", SPELLING_EXACT), "watchedDuration", 0,
                             NUMBER_MAX, &out->report.watched_s, fault);
    if (rc == RC_OK)
        rc = decode_instant(request, json_in_member(object, "lastWatched", SPELLING_EXACT), &out->report,
                            fault);
    if (rc == RC_OK)
        rc = decode_extras(request, object, out, fault);
    out->report.has |= HAS_WATCHED | FROM_PLAYER;
    return rc;
}
