#pragma once

#include "face/slow.h"

/* GET /api/progress/stats/:moduleId: a course's figures and its learners, best first. Contract 4. */
extern const struct slow_handler trk_stats;
