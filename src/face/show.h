#pragma once

#include "app/service.h"
#include "base/arena.h"
#include "base/text.h"
#include "http/json_out.h"

/* How all faces show what is stored: ids, numbers, titles, words, records in their order. */

/* An id as courseroom shows it: an integer when it is one, else a string. */
void json_put_id(struct json_out *out, const char *name, struct text id);

/* A number as trk and courseroom show aggregates: hundredths with at most two decimals. */
static inline void json_put_hundredths(struct json_out *out, const char *name, int64_t hundredths)
{
    json_put_scaled(out, name, hundredths, 2);
}

/* (numerator * scale / denominator), half up; denominator 0: 0; shown as 2^53 when it is more. */
int64_t rounded_ratio(wide numerator, int64_t scale, int64_t denominator);

/* The catalogue's title or its placeholder ("Course 7"), in the request's arena. */
const char *course_title(struct arena *arena, struct view view, uint32_t course, const char *id);

/* Whether the pts and video views show the item: type video or unknown. */
bool is_video(const struct item_def *def);

/* core/members.h bytes as the members of the open object, leaving out those that skip names (may be NULL). */
void json_put_members(struct json_out *out, const uint8_t *members, size_t size,
                      bool (*skip)(const char *name));

/* A learner's present records, newest update first; *out_count. In the arena; NULL: out of memory. */
const struct record **records_of_learner(struct arena *arena, const struct learner *learner,
                                         uint32_t *out_count);

/* Newest update first. */
void records_sort(const struct record **records, uint32_t count);

/* courseroom's four words for a record: the three statuses, and LOCKED. */
const char *status_name(const struct record *record);
