#pragma once

#include "face/slow.h"

/* GET /api/v1/users/{id}/history. Source: contract 9. */
extern const struct slow_handler own_users_history;
