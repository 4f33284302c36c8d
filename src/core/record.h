#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"
#include "core/segment.h"

/* One learner's progress on one content item, and how a report changes it. Pure: no clock, no allocation,
 * no globals; any thread. Source of the rules: contract 1, "One item's progress" and rules 1 to 7. */

enum { RECORD_MAX_SEGMENTS = 1000 }; /* merged stretches per record */

/* No number a client sends, and no sum of them, passes this: it is exact in every JSON reader. */
#define NUMBER_MAX (INT64_C(1) << 53)

/* As much time as one record may have. */
#define TIME_MAX_MS (NUMBER_MAX * 1000)

enum item_status { ITEM_NOT_STARTED, ITEM_IN_PROGRESS, ITEM_COMPLETED };

enum record_flag {
    RECORD_PRESENT = 1,   /* shown to clients; a deleted or reset one is kept for its id and floor only */
    RECORD_REPORTED = 2,  /* somebody reported on it since the last reset: its learner is a viewer */
    RECORD_LOCKED = 4,    /* by staff or system; rule 6 */
    RECORD_PLAYER = 8,    /* a pts or video client wrote it */
    RECORD_POSITION = 16, /* a position is known */
    RECORD_SCORE = 32,
    RECORD_MAX_SCORE = 64,
    RECORD_WATCHED_AT = 128, /* last_watched_ms is known */
    RECORD_REAL = 256,       /* some report on it since the last reset was no preview */
    /* counts in its item's sums: the item has no course, or its learner is enrolled in it */
    RECORD_COUNTED = 512,
};

struct record {
    uint32_t item; /* interned */
    uint32_t id;   /* progressId; survives reset */
    uint8_t status;
    uint16_t flags;
    uint16_t percent_hundredths; /* what is shown, 0..10000 */
    uint16_t stated_hundredths;  /* the last percent that a client stated */
    uint32_t segment_count, metadata_size;
    int64_t position_ms, position_at_ms; /* the client's instant orders it */
    int64_t furthest_ms;                 /* the furthest position that any report without segments told */
    int64_t covered_ms;                  /* what all segments ever sent cover */
    int64_t watched_s, watched_at_ms;    /* watched_at_ms INSTANT_NEVER: nobody told */
    int64_t watched_most_s;              /* the most that any report told, however old it was */
    int64_t duration_ms, duration_at_ms; /* this learner's own, from the client; 0 unknown */
    int64_t time_spent_ms;
    int64_t score_e4, max_score_e4; /* ten-thousandths */
    /* or INSTANT_NEVER */
    int64_t started_at_ms, completed_at_ms, last_watched_ms, created_at_ms, updated_at_ms;
    /* instant of the last delete or reset: reports not later are stale (rule 4); or INSTANT_NEVER */
    int64_t floor_ms;
    uint64_t version;               /* sequence of the last event that changed it */
    const struct segment *segments; /* normalized; who stores the record owns them */
    const uint8_t *metadata;        /* core/members.h; likewise */
};

/* One on which nobody reported. */
#define RECORD_BLANK                                                                                         \
    .position_at_ms = INSTANT_NEVER, .watched_at_ms = INSTANT_NEVER, .duration_at_ms = INSTANT_NEVER,        \
    .started_at_ms = INSTANT_NEVER, .completed_at_ms = INSTANT_NEVER, .last_watched_ms = INSTANT_NEVER,      \
    .created_at_ms = INSTANT_NEVER, .updated_at_ms = INSTANT_NEVER, .floor_ms = INSTANT_NEVER

/* Whether all that was reported on it were previews. */
static inline bool record_is_preview(const struct record *record)
{
    return (record->flags & (RECORD_REPORTED | RECORD_REAL)) == RECORD_REPORTED;
}

/* Whether it is shown as locked: locking leaves a completed item completed. Rule 6. */
static inline bool record_shows_locked(const struct record *record)
{
    return record->flags & RECORD_LOCKED && record->status != ITEM_COMPLETED;
}

/* The state that figures count a record under: one that is shown as locked counts as not started. Source:
 * contract 4, LOCKED shows as not-started; contract 9, startedCount. */
static inline enum item_status record_counted_status(const struct record *record)
{
    return record_shows_locked(record) ? ITEM_NOT_STARTED : (enum item_status)record->status;
}

enum report_member {
    HAS_CLIENT_AT = 1,
    HAS_POSITION = 2,
    HAS_WATCHED = 4,
    HAS_DURATION = 8,
    HAS_SEGMENTS = 16, /* also when there are none: "nothing watched" */
    HAS_PERCENT = 32,
    HAS_STATUS = 64,
    HAS_TIME_SPENT = 128,
    HAS_SCORE = 256,
    HAS_MAX_SCORE = 512,
    HAS_METADATA = 1024,
    FROM_PLAYER = 2048, /* a pts or video client */
    HAS_DAY = 4096,     /* local_day is set; with FROM_PLAYER it always is */
    IS_PREVIEW = 8192,  /* staff, for themselves: contract 1, "Staff are no learners" */
    /* 16384 is event.c's */
    SETS_SCORE = 32768, /* its score replaces that of a completed record: contract 4, POST overwrites it */
    REPORT_HAS_ALL = IS_PREVIEW * 2 - 1 + SETS_SCORE
};

/* One report adds at most this much time. Source: contract 1, Instants. */
#define REPORT_TIME_MAX_MS (7 * DAY_MS)

/* What a client says about one item, in the core's units. Borrowed from the caller. */
struct report {
    uint32_t has; /* enum report_member */
    uint8_t status;
    uint16_t percent_hundredths;
    int32_t local_day; /* of the client's instant, in the learner's zone: for streaks */
    uint32_t segment_count, metadata_size;
    int64_t client_at_ms, position_ms, watched_s, duration_ms, time_spent_ms, score_e4, max_score_e4;
    const struct segment *segments; /* normalized */
    const uint8_t *metadata;
};

/* What the catalogue says of an item. */
struct item_facts {
    uint32_t course; /* 0: none */
    bool required;
    uint16_t threshold_hundredths; /* percent from which a video counts as completed */
    int64_t duration_ms;           /* 0: unknown */
    bool untaught; /* a preview or a lock brought it to its course: the course does not count it */
};

/* Where merged segments and metadata go; the caller provides the room:
 * RECORD_MAX_SEGMENTS + those of the report; MEMBERS_MAX_BYTES + those of the report, twice over. */
struct record_room {
    struct segment *segments;
    uint8_t *metadata;
};

enum report_effect { REPORT_APPLIED, REPORT_UNCHANGED, REPORT_STALE };

/* The record after a report of instant at_ms (the server's). Merged segments and metadata lie in room, or are
 * still those of before. Applies rules 1 to 4 and 7 of contract 1: percent is the larger of stated_hundredths
 * and max(furthest_ms, covered_ms) / duration. Never un-completes. */
void record_apply(struct record *record, const struct report *report, const struct item_facts *facts,
                  int64_t at_ms, uint64_t sequence, struct record_room *room);

/* What the report would do: stale (older than what is stored, or than the last reset; segments and furthest
 * position may still merge: *out_changes), unchanged (repeats what is known) or applied. */
enum report_effect record_effect(const struct record *record, const struct report *report,
                                 const struct item_facts *facts, int64_t at_ms, struct record_room *room,
                                 bool *out_changes);

/* Percent and completion again after the catalogue changed; may complete, never un-completes. Returns whether
 * anything changed. Source: contract 1, rule 5; docs/decisions/0014. */
bool record_reconsider(struct record *record, const struct item_facts *facts, int64_t at_ms,
                       uint64_t sequence);

/* Forgets all progress; id, floor and a lock stay. Source: contract 1, rule 1 and 6. */
void record_reset(struct record *record, int64_t at_ms, uint64_t sequence);

/* Seconds-long view of what was watched: the larger of furthest position and unique coverage. */
int64_t record_watch_ms(const struct record *record);
