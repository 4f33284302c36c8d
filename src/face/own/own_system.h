#pragma once

#include "face/slow.h"

/* GET /api/v1/system: how the server is doing, for an administrator; nothing of it is a secret. Source:
 * contract 9. */
extern const struct slow_handler own_system;
