#pragma once

#include "face/slow.h"
#include "face/write.h"

/* Contract 7: the catalogue. Its list: own_catalog_list.h. */
extern const struct write_handler own_catalog_put;    /* PUT /api/v1/catalog/courses/{id} */
extern const struct slow_handler own_catalog_get;     /* GET /api/v1/catalog/courses/{id} */
extern const struct write_handler own_catalog_delete; /* DELETE /api/v1/catalog/courses/{id} */
