#pragma once

#include "face/slow.h"

/* GET /api/progress/summary/{user_id}: every numeric member of all entries. Contract 5. */
extern const struct slow_handler logs_summary;
