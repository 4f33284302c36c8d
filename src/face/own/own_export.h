#pragma once

#include "face/slow.h"

/* GET /api/v1/users/{userId}/export: all that is kept of a person, in steps. Contract 7. */
extern const struct slow_handler own_export;
