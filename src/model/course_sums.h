#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/share.h"

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
};

/* Frees the cells; the sums are empty again. */
void course_sums_done(struct course_sums *sums);

/* Makes a copy with memory of its own. False: out of memory, and *out is empty. */
bool course_sums_copy(const struct course_sums *from, struct course_sums *out);

/* sums += sign * share. False: out of memory, nothing changed. Costs at most the days with an activity plus
 * the items of the course, however many learners there are. */
bool course_sums_add(struct course_sums *sums, const struct enrolment_share *share, int sign);

/* What analytics show; all exact. Source: contract 3. */
struct course_figures {
    int64_t total, active, completed;
    int64_t completed_required; /* summed over all enrolments */
    int64_t dated, completion_days;
};

/* today: UTC day. Costs the same whatever the number of learners and, but for who completed more than is
 * required, of items. */
struct course_figures course_sums_figures(const struct course_sums *sums, const struct course_facts *facts,
                                          int32_t today);

/* Canonical bytes: equal sums give equal bytes, so two folds can be compared. */
void course_sums_encode(const struct course_sums *sums, struct buf *out);
