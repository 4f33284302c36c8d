#pragma once

#include "face/slow.h"

/* GET /api/v1/me: who the caller is, as the token says, and what they may look at. Source: contract 9. */
extern const struct slow_handler own_me;
