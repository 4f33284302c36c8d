#pragma once

#include "core/entity.h"
#include "model/model.h"
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

/* One object, whole: reading it back gives the same event. */
void event_put(struct json_out *out, const struct event *event, const struct event_names *names);

/* Whether the body of such an event is a log entry's members, or text; else it is written in hex. */
bool event_body_is_members(uint8_t kind);

/* Whether the body of such an event is text. */
bool event_body_is_text(uint8_t kind);
