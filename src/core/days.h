#pragma once

#include "core/learner.h"

/* When a learner reported, and how much: by local days for themselves, by UTC days for the figures of each of
 * their courses. Reset and delete leave it. Only the last DAYS_KEPT days with a report of each kind are kept:
 * who wants to know a course's last DAYS_KEPT need not know more of any of its learners, whoever is erased.
 * Pure; any thread. Source: contract 9, engagement and analytics; docs/decisions/0021. */

enum { DAYS_KEPT = 366 };

/* Of how many days, the last of learner->days, it is kept what was reported. */
static inline uint32_t days_figured(const struct learner *learner)
{
    return learner->day_count < DAYS_KEPT ? learner->day_count : DAYS_KEPT;
}

/* Notes a report on a local day that added that much time. There is room for another day. */
void days_note(struct learner *learner, int32_t day, int64_t gained_ms);

/* The enrolment's days with a report: its day_count of them. */
struct course_day *course_days_of(const struct learner *learner, const struct enrolment *enrolment);

/* Notes a report in the enrolment's course on a UTC day. There is room for another day. */
void course_days_note(struct learner *learner, struct enrolment *enrolment, int32_t day);

/* How many milliseconds a report that made after of before was the first to tell of: time spent, and what was
 * watched for the first time (by segments; without any, what the highest watched duration rose by). */
int64_t days_gained_ms(const struct record *before, const struct record *after, const struct report *report);
