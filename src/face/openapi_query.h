#pragma once

#include "http/json_out.h"

/* The query parameters of a route, as /openapi.json describes them: so that a generated client can ask for a
 * page of a list. */

/* Writes a parameter object for each word of query ("page,limit:100"): a parameter's name, and after a colon
 * which of those of that name it is. NULL: none. False: a word that no table row explains. */
bool openapi_put_query(struct json_out *out, const char *query);
