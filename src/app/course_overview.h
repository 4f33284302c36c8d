#pragma once

#include "model/model.h"

/* What is said of a course in one line. Constant in the number of its learners. Source: contract 9, the
 * catalogue's list. */
struct course_overview {
    int64_t enrolments, completed; /* in whatever state; COMPLETED or CERTIFIED */
    int64_t average_hundredths;    /* mean of the unrounded course percents, rounded */
    int64_t last_activity_ms;      /* of anybody enrolled; INSTANT_NEVER: none */
};

/* Under the model's lock. today: UTC day. */
struct course_overview course_overview(struct view view, uint32_t course, int32_t today);
