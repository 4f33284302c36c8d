#include "face/openapi_common.h"

#include <stdio.h>
#include <string.h>

#include "app/access.h"

static bool is_write(const struct http_route *route)
{
    return route->write != NULL;
}

static bool is_tagged(const struct http_route *route)
{
    return route->read || (route->slow && route->rule != ACCESS_ADMIN_ALONE);
}

static bool compares(const struct http_route *route)
{
    return route->write && route->rule != ACCESS_WEBHOOK;
}

static bool streams(const struct http_route *route)
{
    return route->gives && strcmp(route->gives, "LiveMessage") == 0;
}

static bool asks_who(const struct http_route *route)
{
    return route->rule != ACCESS_PUBLIC;
}

static bool may_refuse(const struct http_route *route)
{
    return asks_who(route) && route->rule != ACCESS_SERVER_KEY && route->rule != ACCESS_WEBHOOK &&
           route->rule != ACCESS_SIGNED_IN;
}

static bool is_read_in(const struct http_route *route)
{
    return route->takes || route->query || strchr(route->pattern, '{');
}

static bool may_miss(const struct http_route *route)
{
    return strchr(route->pattern, '{') || is_write(route);
}

static bool takes_body(const struct http_route *route)
{
    return route->takes != NULL;
}

static bool stores_or_is_busy(const struct http_route *route)
{
    return asks_who(route) || strcmp(route->pattern, "/readyz") == 0;
}

static const struct {
    const char *key, *name, *about;
    bool (*applies)(const struct http_route *route);
} headers[] = {
    {"RequestId", "X-Request-Id", "a name for this request; comes back in the answer and stands in the log",
     asks_who},
    {"IdempotencyKey", "Idempotency-Key",
     "the same request sent again within 24 hours gets the first answer instead of being done twice",
     is_write},
    {"IfMatch", "If-Match", "an ETag: refused with 412 when it is another by now", compares},
    {"IfNoneMatch", "If-None-Match", "an ETag: 304 when nothing has changed", is_tagged},
    {"LastEventId", "Last-Event-ID", "the id of the last message that was read: the stream goes on after it",
     streams},
};

static const struct {
    const char *status, *about, *header;
    bool (*applies)(const struct http_route *route);
} refusals[] = {
    {"304", "Nothing has changed", NULL, is_tagged},
    {"400", "Malformed or out of range; errors names the member", NULL, is_read_in},
    {"401", "No token, or one that is not taken", "WWW-Authenticate", asks_who},
    {"403", "Not yours to see or do; the same whether or not they exist", NULL, may_refuse},
    {"404", "Unknown", NULL, may_miss},
    {"409",
     "Its state does not allow that; or a budget is used up; or the same Idempotency-Key is still running",
     NULL, is_write},
    {"412", "If-Match names another state", NULL, compares},
    {"413", "The body is too large", NULL, takes_body},
    {"415", "The body is no JSON", NULL, takes_body},
    {"422", "The Idempotency-Key was used for another request", NULL, is_write},
    {"429", "Too many requests", "Retry-After", asks_who},
    {"503", "Nothing was stored; try again", "Retry-After", stores_or_is_busy},
};

void openapi_put_path_about(struct json_out *out, const char *name, size_t size)
{
    static const char *const rows[][2] = {{"userId", "the learner's id"},
                                          {"courseId", "the course's id"},
                                          {"moduleId", "the course's id"},
                                          {"itemId", "the item's id"},
                                          {"videoId", "the item's id"},
                                          {"logId", "the log entry's id"},
                                          {"id", "its id, as lists and answers have it"},
                                          {"file", "one of the page's files"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strlen(rows[i][0]) == size && strncmp(rows[i][0], name, size) == 0)
            json_put_text(out, "description", rows[i][1]);
}

static void put_reference(struct json_out *out, const char *kind, const char *key)
{
    char reference[96];

    (void)snprintf(reference, sizeof reference, "#/components/%s/%s", kind, key); /* fits */
    json_put_text(out, "$ref", reference);
    json_close(out, '}');
}

void openapi_put_headers(struct json_out *out, const struct http_route *route)
{
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        if (headers[i].applies(route)) {
            json_open(out, '{');
            put_reference(out, "parameters", headers[i].key);
        }
}

void openapi_put_refusals(struct json_out *out, const struct http_route *route)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i].applies(route)) {
            json_put_open(out, refusals[i].status, '{');
            put_reference(out, "responses", refusals[i].status);
        }
    json_put_open(out, "default", '{');
    put_reference(out, "responses", "default");
}

static void put_refusal(struct json_out *out, const char *status, const char *about, const char *header)
{
    static const char problem[] =
        "{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}";
    static const char text[] = "{\"schema\":{\"type\":\"string\"}}";

    json_put_open(out, status, '{');
    json_put_text(out, "description", about);
    if (header) {
        json_put_open(out, "headers", '{');
        json_name(out, header);
        json_raw(out, text, sizeof text - 1);
        json_close(out, '}');
    }
    if (strcmp(status, "304") != 0) {
        json_name(out, "content");
        json_raw(out, problem, sizeof problem - 1);
    }
    json_close(out, '}');
}

void openapi_put_components(struct json_out *out)
{
    static const char text[] = "{\"type\":\"string\"}";

    json_put_open(out, "parameters", '{');
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        json_put_open(out, headers[i].key, '{');
        json_put_text(out, "name", headers[i].name);
        json_put_text(out, "in", "header");
        json_put_text(out, "description", headers[i].about);
        json_name(out, "schema");
        json_raw(out, text, sizeof text - 1);
        json_close(out, '}');
    }
    json_close(out, '}');
    json_put_open(out, "responses", '{');
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        put_refusal(out, refusals[i].status, refusals[i].about, refusals[i].header);
    put_refusal(out, "default", "Refused or failed", NULL);
    json_close(out, '}');
}
