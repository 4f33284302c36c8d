#pragma once

#include "face/slow.h"

/* GET /api/v1/catalog/courses. Source: contract 7 and 9. */
extern const struct slow_handler own_catalog_list;
