#pragma once

#include "core/event.h"

/* Whether an event is one that this server could have written: what import and restore ask of every event
 * before any of it counts. Pure; any thread. Source: contract 7; reliability A172. */

/* What the file that holds the event has: no event may name more. */
struct event_scope {
    uint32_t learners, courses, items; /* the highest key of each */
    uint64_t sequence, log_id;         /* each: the last one given out */
    uint32_t record_id, enrolment_id;
};

/* Bytes of the texts that an event or a declaration may carry; the faces refuse longer ones. */
enum {
    EVENT_ID_BYTES = 128,
    EVENT_DEVICE_BYTES = 128,
    EVENT_ZONE_BYTES = 63,
    EVENT_URL_BYTES = 500,
    EVENT_TYPE_BYTES = 64,
    EVENT_TITLE_BYTES = 1024,
    EVENT_DESCRIPTION_BYTES = 16384,
    EVENT_SECTION_BYTES = 256
};

/* NULL: fine. Else what is wrong with it, for the operator; a static text. Not looked into: the body of an
 * EV_COURSE_DECLARED, whose form is model/catalog.h's. Linear in the event's bytes, but for segments and
 * members, which have bounds of their own. */
const char *event_problem(const struct event *event, const struct event_scope *scope);

/* Whether the event is of a kind and a face that there are: else a newer version wrote it. */
bool event_is_known(const struct event *event);

/* Whether a text is UTF-8 without NUL, of at most that many bytes. */
bool event_text_fine(const char *text, size_t size, size_t most);

/* Whether an instant lies within the years that can be written. */
bool event_instant_fine(int64_t at_ms);
