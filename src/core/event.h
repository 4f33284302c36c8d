#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/record.h"

/* What happened: the only truth. Numbered by the store, never changed. Everything a client can see is a fold
 * of events (core/learner.h, model/fold.h). Pure; any thread. Source: docs/decisions/0001. */

/* On disk: never renumber. */
enum event_kind {
    EV_REPORTED = 1,
    EV_ENROLLED = 2,
    EV_DROPPED = 3,
    EV_EXPIRED = 4,
    EV_CERTIFIED = 5, /* body: the certificate's URL */
    EV_LOCKED = 6,
    EV_UNLOCKED = 7,
    EV_DELETED = 8, /* one item's progress, by the learner */
    EV_RESET = 9,   /* item 0: all of the course */
    EV_LOGGED = 10, /* body: members; log_id, log_at_ms */
    EV_LOG_UPDATED = 11,
    EV_LOG_DELETED = 12,
    EV_LOGS_CLEARED = 13,
    EV_LOGS_ROLLED_BACK = 14, /* rolled_to, body: the bound; core/log_entries.h */
    EV_ERASED = 15,           /* body: four lists of keys and one of losses (below); nothing of the person */
    /* a webhook that left the enrolment as it was, but is its latest: occurred_ms */
    EV_WEBHOOK_NOTED = 16,
    EV_COURSE_DECLARED = 32,   /* body: model/catalog.h's definition */
    EV_COURSE_UNDECLARED = 33, /* body: items that it keeps, since somebody reported them */
    EV_ITEM_OBSERVED = 34,     /* first sight, attachment to a course, or a better-known type; body: type */
    EV_COURSE_OBSERVED = 35,
    EV_THRESHOLD_SET = 36, /* body: completion_threshold from here on, hundredths; before the first: 9500 */
};

enum event_face {
    FACE_PTS = 1,
    FACE_COURSEROOM,
    FACE_TRK,
    FACE_LOGS,
    FACE_VIDEO,
    FACE_CATALOG,
    FACE_LEARNER,
    FACE_IMPORT,
    FACE_COUNT
};

struct event {
    uint64_t sequence; /* 0 until the store has numbered it */
    uint8_t kind, face;
    uint32_t learner, course, item;   /* interned; 0: none */
    uint32_t record_id, enrolment_id; /* given out by this event; 0: none */
    int64_t at_ms;                    /* the server's instant */
    uint64_t log_id, rolled_to;
    int64_t log_at_ms;    /* what an entry's date says, for ordering */
    uint64_t event_id[2]; /* hash of the client's eventId; 0,0: none */
    uint8_t type_rank;    /* EV_ITEM_OBSERVED: enum type_rank */
    bool untaught;        /* EV_ITEM_OBSERVED: the item is bound to the course, which does not count it */
    bool has_occurred;    /* by a webhook */
    int64_t occurred_ms;  /* when what it says came to be */
    /* EV_DROPPED, EV_EXPIRED, EV_CERTIFIED of a course that nobody declared: the completionDate that the
     * enrolment keeps, or INSTANT_NEVER. Who folds the event again may no longer find the items that the
     * course had then: somebody erased had told of them. Events of old do not say it. */
    bool has_completed;
    int64_t completed_ms;
    /* EV_REPORTED: the learner's zone from here on; NULL: as before, size 0 beside it: none */
    const char *zone;
    uint32_t zone_size;
    uint32_t actor_size, device_size, body_size;
    const char *actor; /* who wrote it; NULL: the learner */
    const char *device;
    const uint8_t *body;
    struct report report; /* EV_REPORTED */
};

/* Bytes that event_encode may need for this event, at most. */
size_t event_bound(const struct event *event);

/* Everything but sequence, learner, kind and at_ms, which the store keeps beside it. out has room for
 * event_bound. Returns the bytes used. */
size_t event_encode(const struct event *event, uint8_t *out);

/* The reverse: fills *event (sequence, learner, kind, at_ms are left as they are); borrows bytes. segments
 * has room for room_count stretches. False: malformed. */
bool event_decode(const uint8_t *bytes, size_t size, struct segment *segments, size_t room_count,
                  struct event *event);

/* Who and what an encoded event names, without decoding the rest of it: a few numbers. False: malformed. */
struct event_named {
    uint8_t face;
    uint32_t course, item, actor_size;
    const char *actor; /* NULL: the learner */
};

/* Reads the names alone; out borrows bytes. False: malformed. */
bool event_peek(const uint8_t *bytes, size_t size, struct event_named *out);

/* Segments that one event may carry (reliability A91), and so the room that decoding any event needs. */
enum { EVENT_SEGMENTS_MAX = RECORD_MAX_SEGMENTS + 10000, THRESHOLD_DEFAULT = 9500 };

/* Writes a list of keys, its length first; at has room for VARINT_MAX_BYTES each and one more. An EV_ERASED's
 * body is four of them: items forgotten, items that lose the type a report gave, courses forgotten, courses
 * that stay, lose items or the person, and whose past is told otherwise now; and then a list of losses (those
 * of old have none): courses from which an event that goes had told of an item, or in which the person was,
 * each with the instant of its last loss. */
uint8_t *keys_put(uint8_t *at, const uint32_t *keys, uint32_t count);

/* A course, and when it last lost an item to another (0: never). Who reads a log from which the item's coming
 * was erased would not find its going. */
struct course_loss {
    uint32_t course;
    int64_t at_ms;
};

/* Writes a list of losses, its length first; at has room for twice VARINT_MAX_BYTES each and one more. */
uint8_t *losses_put(uint8_t *at, const struct course_loss *losses, uint32_t count);

/* Whether the event is an act that an audit tells of: of the catalogue's editors, an erasure, or what
 * somebody did to another's record. What a service reports for learners is none, nor what only followed from
 * another event (an enrolment by a first report or an adoption). by_another: it has an actor. */
bool event_is_act(enum event_kind kind, uint8_t face, bool by_another);

/* Whether the event changes the catalogue rather than one learner. */
bool event_is_catalogue(enum event_kind kind);
