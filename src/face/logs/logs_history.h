#pragma once

#include "face/slow.h"

/* GET /api/progress/log/{log_id}/history: what happened to an entry. Contract 5. */
extern const struct slow_handler logs_history;
