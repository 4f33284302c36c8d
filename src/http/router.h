#pragma once

#include "http/request.h"

/* Routes are one table, read by the router, 405's Allow, the authorization matrix, metrics and /openapi.json.
 * A pattern's {name} is a parameter; a literal segment always wins over one. */
struct read_handler; /* the dispatcher's own, as are the next two */
struct slow_handler;
struct write_handler;

struct http_route {
    enum http_method method;
    const char *pattern;
    bool any_case; /* literals match in any case (pts) */
    bool integers; /* the parameters are integers (courseroom), else any ids */
    int rule;      /* app/access.h: who may */
    int face;      /* core/event.h */
    /* what answers it, one of: */
    const struct read_handler *read;
    const struct slow_handler *slow;
    const struct write_handler *write;
    void (*handler)(struct request *request); /* what fits none of the three */
    const char *summary;                      /* for /openapi.json, as are the next four */
    const char *query;                        /* its query parameters: openapi_query.h; NULL: none */
    const char *takes, *gives;                /* schemas of body and answer; NULL: none */
    const char *done;                         /* statuses when all is well, "200,201"; NULL: 200 */
    int body_form;                            /* face.h: what its body may be beside JSON */
    unsigned body_max_bytes;                  /* 0: ROUTE_BODY_BYTES */
};

enum { ROUTE_BODY_BYTES = 1 << 20 };

struct http_routes {
    const struct http_route *table;
    size_t count;
};

/* Finds the route and fills request->params. RC_NOT_FOUND: no such path. RC_METHOD: request->allow says what
 * the path takes. HEAD is GET's; OPTIONS gives RC_METHOD with allow, for the caller to answer. */
MUST_CHECK enum rc http_find_route(const struct http_routes *routes, struct request *request,
                                   struct fault *fault);

/* A method as it is written; HTTP_OTHER: "?". A static text. */
const char *http_method_name(enum http_method method);
