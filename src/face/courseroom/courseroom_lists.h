#pragma once

#include "face/slow.h"

/* Lists of one course's learners. Contract 3; how long they may take: docs/decisions/0013. */
extern const struct slow_handler courseroom_all;         /* GET /user-progress/course/:courseId/all */
extern const struct slow_handler courseroom_leaderboard; /* GET .../leaderboard */
extern const struct slow_handler courseroom_bulk;        /* POST /user-progress/bulk */
