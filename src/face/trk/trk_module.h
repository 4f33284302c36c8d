#pragma once

#include "face/slow.h"

/* GET /api/progress/:userId/:moduleId: a learner's records of one course. Contract 4. */
extern const struct slow_handler trk_module;
