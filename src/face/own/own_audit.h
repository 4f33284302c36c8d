#pragma once

#include "face/slow.h"

/* GET /api/v1/audit: who did what to whom, for an administrator. Source: docs/operations.md, Watch. */
extern const struct slow_handler own_audit;
