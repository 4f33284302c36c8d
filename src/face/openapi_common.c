#include "face/openapi_common.h"

#include <stdio.h>
#include <string.h>

#include "app/access.h"
#include "face/body.h"
#include "face/write.h"

/* It says why in its own shape. */
static const char ready_path[] = "/readyz", not_ready[] = "NotReady";

static bool is_write(const struct http_route *route)
{
    return route->write != NULL;
}

static bool is_any(const struct http_route *route)
{
    (void)route;
    return true;
}

static bool streams(const struct http_route *route)
{
    return route->gives && strcmp(route->gives, "LiveMessage") == 0;
}

/* Every GET but a stream and System, which is another one each time. */
static bool is_tagged(const struct http_route *route)
{
    return route->method == HTTP_GET && !streams(route) && strcmp(route->gives, "System") != 0;
}

/* A write is when its answer is one record, entry or course. */
static bool has_etag(const struct http_route *route)
{
    static const char *const ones[] = {"PtsVideo",   "RoomUpdated", "TrkSaved", "LogAdded",
                                       "LogUpdated", "VideoState",  "Course"};

    for (size_t i = 0; route->write && i < sizeof ones / sizeof *ones; i++)
        if (strcmp(route->gives, ones[i]) == 0)
            return true;
    return is_tagged(route);
}

static bool looks(const struct http_route *route)
{
    return route->read || route->slow;
}

/* Writes to what has a state of its own: not what adds, clears, rolls back, certifies or erases. */
static bool compares(const struct http_route *route)
{
    static const bool without[CMD_KINDS] = {
        [CMD_LOG_ADD] = true, [CMD_LOGS_CLEAR] = true, [CMD_LOGS_ROLL_BACK] = true,
        [CMD_CERTIFY] = true, [CMD_ENROL] = true,      [CMD_ERASE] = true};

    return route->write && route->rule != ACCESS_WEBHOOK && !without[route->write->kind];
}

static bool asks_who(const struct http_route *route)
{
    return route->rule != ACCESS_PUBLIC;
}

static bool may_refuse(const struct http_route *route)
{
    return asks_who(route) && route->rule != ACCESS_SERVER_KEY && route->rule != ACCESS_WEBHOOK &&
           (route->rule != ACCESS_SIGNED_IN || route->write);
}

static bool is_read_in(const struct http_route *route)
{
    return route->takes || route->query || strchr(route->pattern, '{');
}

static bool may_miss(const struct http_route *route)
{
    return strchr(route->pattern, '{') || is_write(route) || (route->slow && route->takes) ||
           strcmp(route->pattern, "/demo") == 0; /* where the setting is off there is none */
}

static bool takes_body(const struct http_route *route)
{
    return route->takes != NULL;
}

static bool takes_gzip(const struct http_route *route)
{
    return route->body_form & BODY_GZIP;
}

static bool stores_or_is_busy(const struct http_route *route)
{
    return asks_who(route) || strcmp(route->pattern, ready_path) == 0;
}

struct header {
    const char *key, *name, *example, *about;
    bool (*applies)(const struct http_route *route);
};

/* What a request may say. */
static const struct header asked[] = {
    {"RequestId", "X-Request-Id", "5f1c-7",
     "a name for this request; comes back in the answer and stands in the log", asks_who},
    {"Traceparent", "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
     "the caller's trace (W3C): stands in the log, and is passed on to other services", asks_who},
    {"IdempotencyKey", "Idempotency-Key", "8e03978e-40d5-43e8-bc93-6894a57f9324",
     "the same request sent again within 24 hours gets the first answer instead of being done twice",
     is_write},
    {"IfMatch", "If-Match", "\"b1946ac92492d234\"", "an ETag: refused with 412 when it is another by now",
     compares},
    {"IfNoneMatch", "If-None-Match", "\"b1946ac92492d234\"", "an ETag: 304 when nothing has changed",
     is_tagged},
    {"ContentEncoding", "Content-Encoding", "gzip", "the body comes packed", takes_gzip},
    {"LastEventId", "Last-Event-ID", "58",
     "the id of the last message that was read: the stream goes on after it", streams},
};

/* What an answer says: when all is well, and (without a route) by the refusals that name it. */
static const struct header told[] = {
    {"RequestId", "X-Request-Id", "5f1c-7", "the request's name, its own or one made for it", is_any},
    {"ETag", "ETag", "\"b1946ac92492d234\"", "for If-Match and If-None-Match; a very long list has none",
     has_etag},
    {"IdempotentReplayed", "Idempotent-Replayed", "true",
     "there when this is the first answer to that Idempotency-Key once more", is_write},
    {"Warning", "Warning", "110 - \"Response is Stale\"",
     "there when a node that cannot reach the log answers with what it has", looks},
    {"RetryAfter", "Retry-After", "1", "seconds to wait before it is sent again", NULL},
    {"WebSocketVersion", "Sec-WebSocket-Version", "13", "the version that is spoken", NULL},
    {"WwwAuthenticate", "WWW-Authenticate", "Bearer", "what is asked for: a token", NULL},
};

static const struct {
    const char *status, *about, *header; /* of told, beside RequestId */
    bool (*applies)(const struct http_route *route);
} refusals[] = {
    {"304", "Nothing has changed", "ETag", is_tagged},
    {"400", "Malformed or out of range; errors names the member", NULL, is_read_in},
    {"401", "No token, or one that is not taken", "WwwAuthenticate", asks_who},
    {"403", "Not yours to see or do; the same whether or not they exist", NULL, may_refuse},
    {"404", "Unknown", NULL, may_miss},
    {"406", "Accept leaves text/event-stream out", NULL, streams},
    {"409",
     "Its state does not allow that; or a budget is used up; or the same Idempotency-Key is still running",
     NULL, is_write},
    {"412", "If-Match names another state", NULL, compares},
    {"413", "The body is too large", NULL, takes_body},
    {"415", "The body is no JSON", NULL, takes_body},
    {"422", "The Idempotency-Key was used for another request", NULL, is_write},
    {"426", "A WebSocket of another version", "WebSocketVersion", streams},
    {"429", "Too many requests", "RetryAfter", asks_who},
    {"503", "Nothing was stored; try again", "RetryAfter", stores_or_is_busy},
};

void openapi_put_path_about(struct json_out *out, const char *name, size_t size)
{
    static const char *const rows[][3] = {{"userId", "the learner's id", "1001"},
                                          {"courseId", "the course's id", "7"},
                                          {"moduleId", "the course's id", "7"},
                                          {"itemId", "the item's id", "72"},
                                          {"videoId", "the item's id", "71"},
                                          {"logId", "the log entry's id", "1"},
                                          {"id", "its id, as lists and answers have it", "7"},
                                          {"file", "one of the page's files", "demo.js"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strlen(rows[i][0]) == size && strncmp(rows[i][0], name, size) == 0) {
            json_put_text(out, "description", rows[i][1]);
            json_put_text(out, "example", rows[i][2]);
        }
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
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        if (asked[i].applies(route)) {
            json_open(out, '{');
            put_reference(out, "parameters", asked[i].key);
        }
}

static void put_told(struct json_out *out, const struct header *header)
{
    json_put_open(out, header->name, '{');
    put_reference(out, "headers", header->key);
}

void openapi_put_answer_headers(struct json_out *out, const struct http_route *route)
{
    json_put_open(out, "headers", '{');
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (told[i].applies && told[i].applies(route))
            put_told(out, &told[i]);
    json_close(out, '}');
}

void openapi_put_refusals(struct json_out *out, const struct http_route *route)
{
    bool is_ready = strcmp(route->pattern, ready_path) == 0;

    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i].applies(route)) {
            bool own = is_ready && strcmp(refusals[i].status, "503") == 0;

            json_put_open(out, refusals[i].status, '{');
            put_reference(out, "responses", own ? not_ready : refusals[i].status);
        }
    json_put_open(out, "default", '{');
    put_reference(out, "responses", "default");
}

static void put_refusal(struct json_out *out, const char *status, const char *about, const char *header)
{
    static const char problem[] =
        "{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}";
    static const char health[] =
        "{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/Health\"}}}";
    bool is_health = strcmp(status, not_ready) == 0;

    json_put_open(out, status, '{');
    json_put_text(out, "description", about);
    json_put_open(out, "headers", '{');
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (told[i].applies == is_any || (header && strcmp(told[i].key, header) == 0))
            put_told(out, &told[i]);
    json_close(out, '}');
    if (strcmp(status, "304") != 0) {
        json_name(out, "content");
        json_raw(out, is_health ? health : problem, (is_health ? sizeof health : sizeof problem) - 1);
    }
    json_close(out, '}');
}

/* A header that is asked (a parameter) or told. */
static void put_header(struct json_out *out, const struct header *header, bool is_asked)
{
    static const char text[] = "{\"type\":\"string\"}";

    json_put_open(out, header->key, '{');
    if (is_asked) {
        json_put_text(out, "name", header->name);
        json_put_text(out, "in", "header");
    }
    json_put_text(out, "description", header->about);
    json_put_text(out, "example", header->example);
    json_name(out, "schema");
    json_raw(out, text, sizeof text - 1);
    json_close(out, '}');
}

void openapi_put_components(struct json_out *out)
{
    json_put_open(out, "parameters", '{');
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        put_header(out, &asked[i], true);
    json_close(out, '}');
    json_put_open(out, "headers", '{');
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        put_header(out, &told[i], false);
    json_close(out, '}');
    json_put_open(out, "responses", '{');
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        put_refusal(out, refusals[i].status, refusals[i].about, refusals[i].header);
    put_refusal(out, not_ready, "It cannot store now; reasons say why", "RetryAfter");
    put_refusal(out, "default", "Refused or failed", NULL);
    json_close(out, '}');
}
