#pragma once

#include "face/slow.h"

/* GET /user-progress/course/:courseId/analytics: from the sums alone, whatever the number of learners; of
 * 10,000 items some hundred in each hold of the model's lock. Contract 3. */
extern const struct slow_handler courseroom_analytics;
