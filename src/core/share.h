#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/enrolment.h"
#include "core/record.h"

/* What one enrolment and one record add to their course's and item's sums. Integers only, so that sums of
 * differences are exact and order-free. Pure; any thread. Source: docs/decisions/0017. */

/* The cell of a course that an enrolment counts in, and what it adds there. */
struct enrolment_share {
    enum enrolment_class class;
    uint32_t completed_required;
    int32_t activity_day;    /* UTC day of the last activity; INT32_MIN: none */
    int64_t activity_ms;     /* its instant; INSTANT_NEVER: none */
    int64_t completion_days; /* whole days from enrolment to (possible) completion */
    bool dated;              /* completion_days counts: not before the enrolment */
};

/* What the enrolment adds to the sums of its course. */
struct enrolment_share enrolment_share(const struct enrolment *enrolment);

/* A total over people: it cannot overflow, since no record's part passes 2^63 and there are fewer than 2^32
 * records. */
__extension__ typedef __int128 wide;

/* As a number that clients may be shown; what passes 2^53 is shown as that. */
int64_t wide_shown(wide total);

/* (numerator * scale / denominator), half up; denominator 0: 0; shown as 2^53 when it is more. */
int64_t rounded_ratio(wide numerator, int64_t scale, int64_t denominator);

/* Sums of an item over its records. */
struct item_sums {
    int64_t records;                             /* reported ones that count: RECORD_COUNTED */
    int64_t not_started, in_progress, completed; /* of those */
    wide time_spent_ms, watched_s;
    int64_t scored; /* of those with a score and the highest there is, which is not 0 */
    wide scores;    /* sum of their shares: score_share */
};

/* 1 as score_share says it. */
#define SCORE_WHOLE INT64_C(1000000000000)

/* What of the highest score a record has, rounded; so fine that a mean of them is right to the hundredth of a
 * per cent. */
int64_t score_share(const struct record *record);

/* sums += sign * what the record counts; sign is 1 or -1. */
void item_sums_add(struct item_sums *sums, const struct record *record, int sign);
