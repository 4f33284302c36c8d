#include "core/record.h"

#include <string.h>

#include "core/members.h"

int64_t record_watch_ms(const struct record *record)
{
    return record->furthest_ms > record->covered_ms ? record->furthest_ms : record->covered_ms;
}

static int64_t effective_duration(const struct record *record, const struct item_facts *facts)
{
    return facts->duration_ms > 0 ? facts->duration_ms : record->duration_ms;
}

/* max(F, U) / duration in hundredths, half up; 10000 only when all was watched. Rule 3. */
static uint16_t watched_hundredths(int64_t watched_ms, int64_t duration_ms)
{
    if (duration_ms <= 0)
        return 0;
    if (watched_ms >= duration_ms)
        return 10000;
    __extension__ unsigned __int128 twice = (unsigned __int128)watched_ms * 20000 + (uint64_t)duration_ms;
    uint64_t half_up = (uint64_t)(twice / (2 * (unsigned __int128)duration_ms));
    return half_up < 10000 ? (uint16_t)half_up : 9999;
}

/* Compared before rounding, and with what was watched alone. Rule 3. */
static bool reaches_threshold(int64_t watched_ms, int64_t duration_ms, uint16_t threshold_hundredths)
{
    if (duration_ms <= 0)
        return false;
    __extension__ unsigned __int128 have = (unsigned __int128)watched_ms * 10000;
    return have >= (unsigned __int128)duration_ms * threshold_hundredths;
}

static void complete(struct record *record, int64_t at_ms)
{
    if (record->status == ITEM_COMPLETED)
        return;
    record->status = ITEM_COMPLETED;
    record->completed_at_ms = at_ms;
    if (record->started_at_ms == INSTANT_NEVER)
        record->started_at_ms = at_ms;
}

/* Percent and completion from E, F, U and the duration. Sticky: rule 1. */
static void settle(struct record *record, const struct item_facts *facts, int64_t at_ms)
{
    int64_t watched_ms = record_watch_ms(record), duration_ms = effective_duration(record, facts);
    uint16_t percent = watched_hundredths(watched_ms, duration_ms);

    if (record->stated_hundredths > percent)
        percent = record->stated_hundredths;
    if (record->status == ITEM_COMPLETED && record->percent_hundredths > percent)
        percent = record->percent_hundredths;
    record->percent_hundredths = percent;
    if (percent == 10000 || reaches_threshold(watched_ms, duration_ms, facts->threshold_hundredths))
        complete(record, at_ms);
}

/* Last writer wins by the client's instant; at the same instant the larger value. Rule 4. */
static void take_later(int64_t *value, int64_t *value_at, int64_t new_value, int64_t new_at)
{
    if (new_at > *value_at || (new_at == *value_at && new_value > *value)) {
        *value = new_value;
        *value_at = new_at;
    }
}

static int64_t report_instant(const struct report *report, int64_t at_ms)
{
    return report->has & HAS_CLIENT_AT ? report->client_at_ms : at_ms;
}

static void apply_watching(struct record *record, const struct report *report, int64_t at_ms,
                           struct record_room *room)
{
    int64_t when = report_instant(report, at_ms), position_ms = 0;
    bool has_position = report->has & HAS_POSITION;

    if (has_position) {
        position_ms = report->position_ms;
    } else if (!(report->has & HAS_SEGMENTS) && report->has & HAS_WATCHED) {
        has_position = true; /* a report with neither counts its watched duration as the position: rule 3 */
        position_ms = report->watched_s * 1000;
    }
    if (has_position) {
        take_later(&record->position_ms, &record->position_at_ms, position_ms, when);
        record->flags |= RECORD_POSITION;
        if (!(report->has & HAS_SEGMENTS) && position_ms > record->furthest_ms)
            record->furthest_ms = position_ms;
    }
    if (report->has & HAS_WATCHED) {
        take_later(&record->watched_s, &record->watched_at_ms, report->watched_s, when);
        if (report->watched_s > record->watched_most_s)
            record->watched_most_s = report->watched_s;
    }
    if (report->has & HAS_DURATION)
        take_later(&record->duration_ms, &record->duration_at_ms, report->duration_ms, when);
    if (report->has & HAS_SEGMENTS && report->segment_count) {
        size_t count = segments_merge(record->segments, record->segment_count, report->segments,
                                      report->segment_count, room->segments);
        int64_t covered = segments_covered_ms(room->segments, count);
        if (covered != record->covered_ms) {
            record->segments = room->segments;
            record->segment_count = (uint32_t)count;
            record->covered_ms = covered;
        }
    }
    if (report->has & FROM_PLAYER && when > record->last_watched_ms) {
        record->last_watched_ms = when;
        record->flags |= RECORD_WATCHED_AT;
    }
}

/* What accumulates or overwrites goes by arrival. Rule 4, end. */
static void apply_statements(struct record *record, const struct report *report, struct record_room *room)
{
    bool completed = record->status == ITEM_COMPLETED;

    if (report->has & HAS_PERCENT)
        record->stated_hundredths = report->percent_hundredths;
    else if (report->has & HAS_STATUS && report->status == ITEM_COMPLETED)
        record->stated_hundredths = 10000; /* completed without a percent means 100: rule 2 */
    if (report->has & HAS_TIME_SPENT)
        record->time_spent_ms = report->time_spent_ms < TIME_MAX_MS - record->time_spent_ms
                                    ? record->time_spent_ms + report->time_spent_ms
                                    : TIME_MAX_MS;
    bool keeps = completed && !(report->has & SETS_SCORE);
    if (report->has & HAS_SCORE && (!keeps || !(record->flags & RECORD_SCORE))) {
        record->score_e4 = report->score_e4;
        record->flags |= RECORD_SCORE;
    }
    if (report->has & HAS_MAX_SCORE && (!keeps || !(record->flags & RECORD_MAX_SCORE))) {
        record->max_score_e4 = report->max_score_e4;
        record->flags |= RECORD_MAX_SCORE;
    }
    if (report->has & HAS_METADATA && report->metadata_size) {
        size_t size = members_merge(record->metadata, record->metadata_size, report->metadata,
                                    report->metadata_size, room->metadata);
        record->metadata = room->metadata;
        record->metadata_size = (uint32_t)size;
    }
}

void record_apply(struct record *record, const struct report *report, const struct item_facts *facts,
                  int64_t at_ms, uint64_t sequence, struct record_room *room)
{
    bool says_not_started = report->has & HAS_STATUS && report->status == ITEM_NOT_STARTED &&
                            (!(report->has & HAS_PERCENT) || report->percent_hundredths == 0);

    record->flags |= RECORD_PRESENT | RECORD_REPORTED;
    if (report->has & FROM_PLAYER)
        record->flags |= RECORD_PLAYER;
    if (!(report->has & IS_PREVIEW))
        record->flags |= RECORD_REAL;
    if (record->created_at_ms == INSTANT_NEVER)
        record->created_at_ms = at_ms;
    apply_watching(record, report, at_ms, room);
    apply_statements(record, report, room);
    if (!says_not_started && record->status == ITEM_NOT_STARTED) { /* rule 7 */
        record->status = ITEM_IN_PROGRESS;
        record->started_at_ms = at_ms;
    }
    if (report->has & HAS_STATUS && report->status == ITEM_COMPLETED)
        complete(record, at_ms);
    settle(record, facts, at_ms);
    record->updated_at_ms = at_ms;
    record->version = sequence;
}

static bool same_progress(const struct record *a, const struct record *b)
{
    return a->status == b->status && a->flags == b->flags && a->percent_hundredths == b->percent_hundredths &&
           a->stated_hundredths == b->stated_hundredths && a->position_ms == b->position_ms &&
           a->position_at_ms == b->position_at_ms && a->furthest_ms == b->furthest_ms &&
           a->covered_ms == b->covered_ms && a->segment_count == b->segment_count &&
           a->watched_s == b->watched_s && a->watched_at_ms == b->watched_at_ms &&
           a->watched_most_s == b->watched_most_s && a->duration_ms == b->duration_ms &&
           a->duration_at_ms == b->duration_at_ms && a->last_watched_ms == b->last_watched_ms;
}

enum report_effect record_effect(const struct record *record, const struct report *report,
                                 const struct item_facts *facts, int64_t at_ms, struct record_room *room,
                                 bool *out_changes)
{
    const uint32_t by_arrival =
        HAS_TIME_SPENT | HAS_SCORE | HAS_MAX_SCORE | HAS_METADATA | HAS_STATUS | HAS_PERCENT;
    int64_t when = report_instant(report, at_ms);

    *out_changes = true;
    if (report->has & by_arrival || (!(report->has & HAS_CLIENT_AT) && record->updated_at_ms != at_ms))
        return REPORT_APPLIED;
    if (report->has & HAS_CLIENT_AT && when <= record->floor_ms) {
        *out_changes = false;
        return REPORT_STALE;
    }
    struct record after = *record;
    record_apply(&after, report, facts, at_ms, record->version, room);
    *out_changes = !same_progress(record, &after);
    if (when < record->last_watched_ms)
        return REPORT_STALE;
    return *out_changes ? REPORT_APPLIED : REPORT_UNCHANGED;
}

bool record_reconsider(struct record *record, const struct item_facts *facts, int64_t at_ms,
                       uint64_t sequence)
{
    struct record before = *record;

    if (!(record->flags & RECORD_REPORTED))
        return false;
    settle(record, facts, at_ms);
    if (record->status == before.status && record->percent_hundredths == before.percent_hundredths)
        return false;
    record->updated_at_ms = at_ms;
    record->version = sequence;
    return true;
}

void record_reset(struct record *record, int64_t at_ms, uint64_t sequence)
{
    bool locked = record->flags & RECORD_LOCKED;
    struct record blank = {
        RECORD_BLANK,        .item = record->item,
        .id = record->id,    .flags = locked ? RECORD_LOCKED | RECORD_PRESENT : 0,
        .version = sequence,
    };
    blank.updated_at_ms = blank.floor_ms = at_ms;
    if (locked)
        blank.created_at_ms = at_ms;
    *record = blank;
}
