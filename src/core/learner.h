#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/enrolment.h"
#include "core/event.h"
#include "core/record.h"

/* One learner's whole state. Pure: no clock, no allocation, no globals; any thread that owns the state.
 * Memory is the caller's: before an event is applied the arrays must have room (learner_has_room). */

enum { LEARNER_EVENT_IDS = 1000 }; /* contract 6: eventId is recognised while among the last 1,000 */

/* Finds an entry by its key in constant time: open addressing, index + 1, 0 free. mask 0: there are so few
 * entries that looking through them is as fast. */
struct finder {
    uint32_t *slots;
    uint32_t mask;
};

/* A UTC day on which the learner reported in a course. */
struct course_day {
    int32_t day;
    uint32_t reports;
};

struct learner {
    uint32_t key; /* interned */
    uint32_t record_count, enrolment_count, day_count, event_id_count, course_day_count;
    uint32_t event_id_next; /* where the next eventId goes once there are 1,000 */
    uint32_t record_room, enrolment_room, day_room, event_id_room, course_day_room;
    int64_t last_event_ms; /* instant of the latest event */
    uint64_t version;      /* sequence of the latest event */
    uint32_t previews;     /* records that only previews made */
    /* of all records: what LIMIT_METADATA_BYTES and LIMIT_SEGMENTS bound */
    uint64_t metadata_bytes, segment_total;
    /* of the last report that told one; NULL: none, lives as the caller says */
    const char *zone;
    struct record *records; /* by first sight */
    /* of each record, beside them: looking for one touches few lines */
    uint32_t *items;
    struct enrolment *enrolments; /* by first sight */
    int32_t *days;                /* local days with a report, ascending: for streaks */
    /* of the last DAYS_KEPT of them: how many reports, and what they added; core/days.h */
    uint32_t *day_reports;
    int64_t *day_gained_ms;
    struct course_day *course_days; /* of each enrolment in turn, ascending; likewise */
    uint64_t (*event_ids)[2];
    struct finder by_item, by_course; /* of records and enrolments */
};

/* Slots that a finder over that many entries needs: a power of two, or 0. */
uint32_t finder_slots(uint32_t room);

/* Fills both finders, whose slots are all 0, from the records and enrolments. */
void learner_index(struct learner *learner);

/* Notes in a finder with a free slot that the entry of key is at index. */
void finder_add(struct finder *finder, uint32_t key, uint32_t index);

/* What the fold asks of the catalogue, as of the event. */
struct catalogue {
    const void *of;
    struct item_facts (*item)(const void *of, uint32_t item);
    struct course_facts (*course)(const void *of, uint32_t course);
    /* All items whose facts name the course, whether it counts them or not. NULL: not known; a learner's
     * records are then looked through for them, however few the course has. */
    const uint32_t *(*items)(const void *of, uint32_t course, uint32_t *out_count);
};

/* The learner's record of an item; NULL: none. Constant in the number of records. */
struct record *learner_record(const struct learner *learner, uint32_t item);

/* The learner's enrolment in a course; NULL: none. Constant in their number. */
struct enrolment *learner_enrolment(const struct learner *learner, uint32_t course);

/* Whether a record of that course is for its author alone: a preview of who is not enrolled there. Source:
 * contract 1, Enrolment. */
bool learner_previews(const struct learner *learner, const struct record *record, uint32_t course);

/* Whether an eventId is among the learner's last LEARNER_EVENT_IDS. */
bool learner_knows_event_id(const struct learner *learner, const uint64_t id[2]);

/* Whether the learner reported anything on that local day. */
bool learner_knows_day(const struct learner *learner, int32_t day);

/* Whether the event (not a catalogue one) can be applied without more room in the arrays. */
bool learner_has_room(const struct learner *learner, const struct event *event);

/* Instant for the learner's next event: the clock, but at least 1 ms after the last one, unless that lies
 * over 24 h ahead. Source: contract 1, Instants. */
int64_t learner_next_instant(const struct learner *learner, int64_t now_ms);
