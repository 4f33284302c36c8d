#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/enrolment.h"
#include "core/event.h"
#include "core/record.h"

/* One learner's whole state and the fold of their events. Pure: no clock, no allocation, no globals; any
 * thread that owns the state. Memory is the caller's: before an event is applied the arrays must have room
 * (learner_room_needed). */

enum { LEARNER_EVENT_IDS = 1000 }; /* contract 6: eventId is recognised while among the last 1,000 */

/* Finds an entry by its key in constant time: open addressing, index + 1, 0 free. mask 0: there are so few
 * entries that looking through them is as fast. */
struct finder {
    uint32_t *slots;
    uint32_t mask;
};

struct learner {
    uint32_t key; /* interned */
    uint32_t record_count, enrolment_count, day_count, event_id_count;
    uint32_t event_id_next; /* where the next eventId goes once there are 1,000 */
    uint32_t record_room, enrolment_room, day_room, event_id_room;
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
    uint64_t (*event_ids)[2];
    struct finder by_item, by_course; /* of records and enrolments */
};

/* Slots that a finder over that many entries needs: a power of two, or 0. */
uint32_t finder_slots(uint32_t room);

/* Fills both finders, whose slots are all 0, from the records and enrolments. */
void learner_index(struct learner *learner);

/* What the fold asks of the catalogue, as of the event. */
struct catalogue {
    const void *of;
    struct item_facts (*item)(const void *of, uint32_t item);
    struct course_facts (*course)(const void *of, uint32_t course);
    /* All items whose facts name the course, whether it counts them or not. NULL: not known; a learner's
     * records are then looked through for them, however few the course has. */
    const uint32_t *(*items)(const void *of, uint32_t course, uint32_t *out_count);
};

/* What an edit of the catalogue touched; the facts of all other items and courses are as they were. */
struct edit {
    const uint32_t *items, *courses;
    uint32_t item_count, course_count;
    const void *of;
    bool (*touches)(const void *of, uint32_t item); /* whether it is one of items */
};

/* NULL: none. Constant in the number of records and enrolments. */
struct record *learner_record(const struct learner *learner, uint32_t item);
struct enrolment *learner_enrolment(const struct learner *learner, uint32_t course);

/* Whether the learner has progress in the course: any record that somebody reported. */
bool learner_started(const struct learner *learner, uint32_t course, const struct catalogue *catalogue);

/* Whether an eventId was seen before. */
bool learner_knows_event_id(const struct learner *learner, const uint64_t id[2]);

/* Whether there was a report on that local day. */
bool learner_knows_day(const struct learner *learner, int32_t day);

/* Whether the event (not a catalogue one) can be applied without more room in the arrays. */
bool learner_has_room(const struct learner *learner, const struct event *event);

/* Applies one event of this learner. The caller made room. What room points to may become part of the
 * state: the caller then moves it to memory of its own. Log events leave only their instant here: entries
 * live in the event file. */
void learner_evolve(struct learner *learner, const struct event *event, const struct catalogue *catalogue,
                    struct record_room *room);

/* The effect of an edit on one holder: percents, completions and counts again. Returns whether anything
 * changed. Costs the lesser of the learner's records and what the edit touched. Source: contract 1, rule 5;
 * design 6. */
bool learner_reconsider(struct learner *learner, const struct catalogue *catalogue, const struct edit *edit,
                        int64_t at_ms, uint64_t sequence);

/* Whether learner_reconsider would change anything; nothing is. */
bool learner_is_moved(const struct learner *learner, const struct catalogue *catalogue,
                      const struct edit *edit, int64_t at_ms, uint64_t sequence);

/* The same for one item, whose facts were before: it came to a course, or the course counts it from now on.
 * Constant. */
bool learner_reconsider_item(struct learner *learner, const struct catalogue *catalogue, uint32_t item,
                             const struct item_facts *before, int64_t at_ms, uint64_t sequence);

/* Whether learner_reconsider_item would change anything; nothing is. */
bool learner_is_moved_by_item(const struct learner *learner, const struct catalogue *catalogue, uint32_t item,
                              const struct item_facts *before, int64_t at_ms, uint64_t sequence);

/* Instant for the learner's next event: the clock, but at least 1 ms after the last one, unless that lies
 * over 24 h ahead. Source: contract 1, Instants. */
int64_t learner_next_instant(const struct learner *learner, int64_t now_ms);
