#pragma once

#include <jansson.h>

#include "core/record.h"
#include "http/json_out.h"

/* What a client reported, in an event's JSON, both ways. */

/* The member "report" of the open object. */
void event_json_put_report(struct json_out *out, const struct report *report);

/* The same, read back. room: EVENT_SEGMENTS_MAX segments, which report borrows. False: from is no report. */
bool event_json_read_report(json_t *from, struct segment *room, struct report *report);
