#pragma once

#include "http/json_out.h"
#include "http/router.h"

/* What many operations of /openapi.json have in common: headers, and how they are refused. */

/* Appends what a parameter of the path is, by its name, to its open object. */
void openapi_put_path_about(struct json_out *out, const char *name, size_t size);

/* Appends the headers that a route reads, as references, to the open array of its parameters. */
void openapi_put_headers(struct json_out *out, const struct http_route *route);

/* Appends the headers of what a route answers when all is well, as references, to the open object of it. */
void openapi_put_answer_headers(struct json_out *out, const struct http_route *route);

/* Appends the statuses by which a route refuses, as references, to the open object of its responses. */
void openapi_put_refusals(struct json_out *out, const struct http_route *route);

/* Appends what these refer to, to the open object of the components. */
void openapi_put_components(struct json_out *out);
