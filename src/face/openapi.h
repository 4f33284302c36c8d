#pragma once

#include "base/buf.h"
#include "http/router.h"

/* Writes the description of the routes (OpenAPI 3.1), as GET /openapi.json answers it. */
void openapi_write(const struct http_routes *routes, struct buf *to);
