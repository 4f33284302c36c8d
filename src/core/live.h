#pragma once

#include "core/event.h"
#include "core/learner.h"

/* What those who watch are told of an event: how things stand after it. Pure; any thread. Source: contract 6,
 * realtime; contract 9, coursePercent. */

enum live_type { LIVE_NOTHING, LIVE_PROGRESS, LIVE_DELETED, LIVE_RESET, LIVE_ENROLLMENT, LIVE_LOG };

enum live_status {
    LIVE_NOT_STARTED,
    LIVE_IN_PROGRESS,
    LIVE_COMPLETED,
    LIVE_LOCKED,
    LIVE_CREATED, /* of a log entry, as what follows */
    LIVE_UPDATED,
    LIVE_REMOVED,
    LIVE_ROLLED_BACK,
    LIVE_NO_STATUS,
};

enum { LIVE_NO_STATE = 255, LIVE_NO_PERCENT = UINT16_MAX };

struct live_event {
    uint64_t sequence, log_id;      /* log_id 0: no entry in particular */
    uint32_t learner, course, item; /* keys; 0: none */
    uint8_t type;                   /* enum live_type */
    uint8_t status;                 /* enum live_status */
    uint8_t enrolment_state;        /* enum enrolment_state, or LIVE_NO_STATE */
    bool has_record, has_position, has_last_watched;
    bool is_preview; /* of somebody who is not enrolled there: its author's, not the course's */
    uint16_t percent_hundredths, course_percent_hundredths; /* the second, or LIVE_NO_PERCENT */
    int64_t watched_s, position_ms, time_spent_ms, last_watched_ms, updated_at_ms;
    uint8_t user_size, course_size, item_size;
    const char *ids; /* the learner's, the course's and the item's, one after the other; whoever keeps the
                        event sets them */
};

/* The learner's id: user_size bytes, without a NUL. */
static inline const char *live_user(const struct live_event *event)
{
    return event->ids;
}

/* The course's id: course_size bytes, without a NUL. */
static inline const char *live_course(const struct live_event *event)
{
    return event->ids + event->user_size;
}

/* The item's id: item_size bytes, without a NUL. */
static inline const char *live_item(const struct live_event *event)
{
    return event->ids + event->user_size + event->course_size;
}

/* The type's name on the wire, in the event line and in the object; LIVE_NOTHING has none, "". Source:
 * contract 6. */
const char *live_type_name(enum live_type type);

/* The kind of message that an event of that kind makes; LIVE_NOTHING: none. */
enum live_type live_type_of(enum event_kind kind);

/* Fills all but the ids, from the learner's state and the catalogue after the event (after NULL: nothing is
 * known of them). False: nobody is told of it; *out is untouched. */
bool live_tell(const struct event *event, const struct learner *after, const struct catalogue *catalogue,
               struct live_event *out);

/* What one batch of the engine's means for those who watch. */
struct live_batch {
    struct live_batch *next; /* its holder's */
    uint64_t first, last;    /* the sequences that it is about */
    bool whole;  /* every event of these that makes a message is in it; else they are read from the log */
    bool rights; /* who may see what may have changed */
    uint64_t taken_us; /* its holder's: monotonic, when it was published */
    struct live_event *events;
    size_t count, room;
    char *ids; /* of all of them */
    size_t ids_size, ids_room;
};

/* How the engine reaches whoever tells the watchers. */
struct live_sink {
    void *of;
    bool (*is_watched)(void *of); /* any thread, at any time: one load */
    /* After the batch was published, in order, from the engine's thread. NULL: nothing of first to last was
     * noted, though somebody watches by now. rights: who may see what may have changed. Takes the batch;
     * never waits. */
    void (*take)(void *of, struct live_batch *batch, uint64_t first, uint64_t last, bool rights);
    void (*drop)(struct live_batch *batch); /* frees one that was never taken; NULL is fine */
    /* What an edit means is shown only now, after its batch. */
    void (*rights_changed)(void *of);
};
