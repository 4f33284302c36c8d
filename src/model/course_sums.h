#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/share.h"
#include "core/enrolment.h"
#include "model/instants.h"

/* The sums of one course, kept by differences so that analytics cost the same whatever the course's size. No
 * cell depends on the number of items the course has: a new item touches no cell. Not thread-safe: the
 * model's lock guards it. Source: docs/decisions/0017. */

struct course_cell {
    int64_t learners, dated, completion_days; /* dated: those that completion_days sums */
};

struct course_sums {
    struct course_cell *cells[CLASS_COUNT]; /* by completed required items */
    uint32_t room[CLASS_COUNT];
    struct day_cells *days; /* WORKING learners by day of their last activity, ascending */
    uint32_t day_count, day_room;
    struct course_cell done;              /* over CLASS_DONE_FOR_GOOD and CLASS_CERTIFIED */
    int64_t learners, completed_required; /* over all classes */
    int64_t of_class[CLASS_COUNT];
    struct instants activity;      /* of everybody's last activity */
    struct reported_day *reported; /* UTC days with a report, ascending */
    uint32_t reported_count, reported_room;
};

/* A day's reports in a course, and who made them. */
struct reported_day {
    int32_t day; /* UTC */
    int64_t learners, reports;
};

/* Frees the cells; the sums are empty again. */
void course_sums_done(struct course_sums *sums);

/* Makes a copy with memory of its own. False: out of memory, and *out is empty. */
bool course_sums_copy(const struct course_sums *from, struct course_sums *out);

/* The same, for course_sums_encode alone: of the activity the last instant. */
bool course_sums_copy_to_encode(const struct course_sums *from, struct course_sums *out);

/* sums += sign * share. False: out of memory, nothing changed. Costs at most the days with an activity plus
 * the items of the course, however many learners there are. */
bool course_sums_add(struct course_sums *sums, const struct enrolment_share *share, int sign);

/* A day counts so many learners and reports more. False: out of memory, nothing changed. Costs the logarithm
 * of the days, but for a new or an emptied one. */
bool course_sums_add_day(struct course_sums *sums, int32_t day, int learners, int64_t reports);

enum { COURSE_BUCKETS = 10 };

/* What analytics show; all exact. Source: contract 3 and 9. */
struct course_figures {
    int64_t total, active, completed;
    int64_t completed_required; /* summed over all enrolments */
    int64_t dated, completion_days;
    int64_t by_state[ENR_EXPIRED + 1]; /* by enum enrolment_state */
    int64_t last_activity_ms;          /* INSTANT_NEVER: nobody reported */
};

/* today: UTC day. Costs the same whatever the number of learners and, but for who completed more than is
 * required, of items. */
struct course_figures course_sums_figures(const struct course_sums *sums, const struct course_facts *facts,
                                          int32_t today);

/* How many enrolments have a course percent, unrounded, from 10 i to below 10 (i + 1); the last holds 100
 * too. Costs the items, not the learners. */
void course_sums_buckets(const struct course_sums *sums, const struct course_facts *facts,
                         int64_t out[COURSE_BUCKETS]);

/* Canonical bytes: equal sums give equal bytes, so two folds can be compared. */
void course_sums_encode(const struct course_sums *sums, struct buf *out);
