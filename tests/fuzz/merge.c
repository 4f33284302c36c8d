#include "world.h"

#include "core/record.h"

/* Reports of a player, in two orders, one of them with repetitions: the same state. A history keeps to one
 * duration (docs/decisions/0005). Contract 1, rule 4. */

enum { REPORTS_MAX = 24, REPORT_BYTES = 12 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct history {
    struct report reports[REPORTS_MAX];
    struct segment segments[REPORTS_MAX][2];
    int count;
};

static void read_report(struct history *history, const uint8_t *at, int64_t duration_ms)
{
    struct report *report = &history->reports[history->count];
    struct segment *segments = history->segments[history->count];

    *report = (struct report){.has = HAS_CLIENT_AT | FROM_PLAYER, .client_at_ms = at[1]};
    if (at[0] & 1) {
        report->has |= HAS_WATCHED;
        report->watched_s = at[2] + at[3] * 256;
    }
    if (at[0] & 2) {
        report->has |= HAS_POSITION;
        report->position_ms = (at[4] + at[5] * 256) * 100;
    }
    if (at[0] & 4) {
        report->has |= HAS_DURATION;
        report->duration_ms = duration_ms;
    }
    if (at[0] & 8) {
        segments[0] = (struct segment){at[6] * 1000, (at[6] + at[7]) * 1000};
        segments[1] = (struct segment){at[8] * 1000 + at[9], (at[8] + at[10]) * 1000 + at[11]};
        report->has |= HAS_SEGMENTS;
        report->segments = segments;
        report->segment_count = (uint32_t)segments_normalize(segments, 2);
    }
    history->count++;
}

/* The record as it stands after a report; its segments in kept. */
static void apply(struct record *record, const struct report *report, struct segment *kept)
{
    static struct segment segments[RECORD_MAX_SEGMENTS + 2];
    static uint8_t metadata[16];
    static const struct item_facts plain = {.threshold_hundredths = 9500};
    struct record_room room = {segments, metadata};

    record_apply(record, report, &plain, 1000, 1, &room);
    if (record->segments == segments) {
        memcpy(kept, segments, record->segment_count * sizeof *kept);
        record->segments = kept;
    }
}

static void check_same(const struct record *a, const struct record *b)
{
    MUST(a->position_ms == b->position_ms && a->watched_s == b->watched_s &&
             a->duration_ms == b->duration_ms && a->furthest_ms == b->furthest_ms &&
             a->covered_ms == b->covered_ms && a->status == b->status &&
             a->last_watched_ms == b->last_watched_ms && a->percent_hundredths == b->percent_hundredths &&
             a->segment_count == b->segment_count &&
             (!a->segment_count ||
              memcmp(a->segments, b->segments, a->segment_count * sizeof *a->segments) == 0),
         "another state");
    for (uint32_t i = 1; i < a->segment_count; i++)
        MUST(a->segments[i - 1].to_ms < a->segments[i].from_ms, "segments overlap");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct segment kept[2][RECORD_MAX_SEGMENTS];
    struct history history = {.count = 0};
    struct record forward = {RECORD_BLANK, .item = 1}, other = {RECORD_BLANK, .item = 1};
    const uint8_t *end = bytes + size;

    if (size < 2)
        return 0;
    int64_t duration_ms = (bytes[0] + bytes[1] * 256 + 1) * 1000;
    for (bytes += 2; history.count < REPORTS_MAX && end - bytes >= REPORT_BYTES; bytes += REPORT_BYTES)
        read_report(&history, bytes, duration_ms);
    for (int i = 0; i < history.count; i++)
        apply(&forward, &history.reports[i], kept[0]);
    for (; bytes < end && history.count; bytes++) /* some, in any order, any number of times */
        apply(&other, &history.reports[*bytes % history.count], kept[1]);
    for (int i = history.count - 1; i >= 0; i--)
        apply(&other, &history.reports[i], kept[1]);
    check_same(&forward, &other);
    return 0;
}
