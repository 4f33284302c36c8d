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

/* A title as the dashboard's answers give it; NULL: nobody told one. */
static inline const char *title_or_null(struct text title)
{
    return title.size ? title.bytes : NULL;
}

/* "segments": stretches of seconds, [[from,to],...]. */
void json_put_segments(struct json_out *out, const struct segment *segments, uint32_t count);

/* A day as a calendar date, "2013-10-07". */
void json_put_day(struct json_out *out, const char *name, int32_t day);

/* "pagination" of a list of pages: total in all, limit on one. */
void json_put_pagination(struct json_out *out, int64_t page, int64_t limit, int64_t total);

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
