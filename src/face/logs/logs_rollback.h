#pragma once

#include "face/write.h"

/* POST /api/progress/user/{user_id}/rollback: entries as they were at an event or an instant. Contract 5. */
extern const struct write_handler logs_roll_back;
