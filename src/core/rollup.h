#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/enrolment.h"
#include "core/record.h"

/* What one enrolment and one record add to their course's and item's sums. Integers only, so that sums of
 * differences are exact and order-free. Pure; any thread. Source: design 6. */

/* The cell of a course that an enrolment counts in, and what it adds there. */
struct enrolment_share {
    enum enrolment_class class;
    uint32_t completed_required;
    int32_t activity_day;   /* UTC day of the last activity; INT32_MIN: none */
    int64_t completion_days; /* whole days from enrolment to (possible) completion */
    bool dated;             /* completion_days counts: not before the enrolment */
};

struct enrolment_share enrolment_share(const struct enrolment *enrolment);

/* Sums of an item over its records. */
struct item_sums {
    int64_t records;         /* reported ones */
    int64_t not_started, in_progress, completed; /* of those */
    int64_t time_spent_s, watched_s;
};

/* sums += sign * what the record counts; sign is 1 or -1. */
void item_sums_add(struct item_sums *sums, const struct record *record, int sign);
