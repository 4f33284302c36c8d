#pragma once

#include "app/service.h"
#include "http/json_out.h"

/* What this face shows of a record. */

/* Whether this face shows the record: type video or unknown, and all that a player wrote. Contract 6. */
bool video_shows(struct view view, const struct record *record);

/* When the learner watched last: as the client said, else when the record was written. */
int64_t video_last_watched(const struct record *record);

/* The state of a video as an object. user NULL: left out. record NULL: nothing is stored. */
void video_put_state(struct json_out *out, const char *user, const char *video, const struct record *record);

/* The same with which parts were watched, and how far of which duration (0: unknown). Source: contract 9. */
void video_put_watched(struct json_out *out, const char *user, const char *video, const struct record *record,
                       int64_t duration_ms);

/* The stored record of an item, if it is there and reported. */
const struct record *video_stored(struct view view, uint32_t learner_key, uint32_t item);
