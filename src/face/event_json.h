#pragma once

#include <jansson.h>

#include "app/service.h"
#include "base/arena.h"
#include "core/event.h"
#include "http/json_out.h"

/* Events as JSON: in a learner's export and in the program's. Source: contract 7. */

/* Names for an event's keys; each may give NULL. */
struct event_names {
    const void *of;
    const char *(*learner)(const void *of, uint32_t key);
    const char *(*course)(const void *of, uint32_t key);
    const char *(*item)(const void *of, uint32_t key);
    /* to be written for a key; NULL: the key */
    uint32_t (*number)(const void *numbers, enum entity kind, uint32_t key);
    const void *numbers;
};

/* Those of a model; view must outlive them. */
struct event_names event_names_of(const struct view *view);

/* One object, whole: event_read gives the same event again. */
void event_put(struct json_out *out, const struct event *event, const struct event_names *names);

/* Whether the body of such an event is a log entry's members, or text; else it is written in hex. */
bool event_body_is_members(uint8_t kind);

/* Whether the body of such an event is text. */
bool event_body_is_text(uint8_t kind);

/* Where an event is read from: a line of an export. */
struct event_source {
    struct arena *arena; /* what the event points to, beside the parsed line */
    const char *line;    /* what root was parsed from */
    size_t line_size;
    struct segment *room; /* EVENT_SEGMENTS_MAX */
};

/* The event that event_put wrote; it borrows from root, arena and room. False: root is no event. */
bool event_read(const struct event_source *source, json_t *root, struct event *event);

/* A whole number of an export's line that may be absent; false: it is there and no such number. */
bool event_json_number(json_t *object, const char *name, int64_t low, int64_t high, int64_t *out);

/* A key, or a number that is given out, likewise; absent: 0. */
bool event_json_key(json_t *object, const char *name, uint32_t *out);

/* An instant, which must be there. */
bool event_json_instant(json_t *object, const char *name, int64_t *out);

/* A text that may be absent or null; borrowed from object. */
bool event_json_text(json_t *object, const char *name, const char **out, uint32_t *out_size);
