#pragma once

#include "face/slow.h"

/* GET /api/progress/:userId/labs and /games: a learner's items of one type. Contract 4. */
extern const struct slow_handler trk_labs, trk_games;
