#pragma once

#include "face/slow.h"

/* GET /api/progress/:userId: shared with logs, one body for both; as it is or as it was. Contract 4, 5. */
extern const struct slow_handler trk_user;
