#pragma once

#include "app/figures.h"
#include "http/json_out.h"

/* The objects of trk's answers. */

/* {"success":true,"message":M,"data": - the caller writes the data, then closes with '}'. */
void trk_open(struct json_out *out, const char *message);

/* One record as trk shows it, with its item. arena: for ids that are copied. */
void trk_put_record(struct json_out *out, struct arena *arena, struct view view, const char *user,
                    const struct record *record);

/* {id,title,description} */
void trk_put_module(struct json_out *out, struct arena *arena, struct view view, uint32_t course);

/* {id,status,enrolledAt,completedAt,certificateUrl} or null */
void trk_put_enrolment(struct json_out *out, struct arena *arena, struct view view,
                       const struct enrolment *enrolment);

/* An enrolment's state in trk's words: lower case, with '-'. */
const char *trk_state(enum enrolment_state state);

/* Minutes with at most two decimals. */
void trk_put_minutes(struct json_out *out, const char *name, wide ms);

/* Whole percent, half up, but 100 only for what is done, else 99. whole 0: 0. Source: contract 1, Numbers. */
int64_t trk_percent(wide part, int64_t whole, bool done);

/* The same of a course, rounded once: from the items, not from what its percent was rounded to. */
int64_t trk_course_percent(uint32_t completed, uint32_t required);

/* not-started, in-progress, completed; LOCKED shows as not-started. */
const char *trk_status(const struct record *record);

/* {total,completed,inProgress,notStarted,averageProgress,[averageScore,]totalTimeSpent} */
void trk_put_statistics(struct json_out *out, const char *name, const struct record_sums *sums,
                        bool with_score);
