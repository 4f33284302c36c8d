#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/access.h"
#include "face/body.h"
#include "face/face.h"
#include "face/openapi.h"
#include "face/openapi_common.h"
#include "face/openapi_query.h"
#include "face/own/own_server.h"
#include "face/slow.h"
#include "http/json_out.h"

/* /openapi.json (3.1): paths from the route table, schemas from openapi_schemas.json, which the build carries
 * in. */

extern const unsigned char openapi_schemas[];
extern const unsigned long openapi_schemas_size;

static const char *const face_names[FACE_COUNT] = {"server", "pts",     "courseroom", "trk",   "logs",
                                                   "video",  "catalog", "users",      "import"};

static void put_schema_of(struct json_out *out, const char *media, const char *name)
{
    char reference[96];

    (void)snprintf(reference, sizeof reference, "#/components/schemas/%s", name); /* fits */
    json_put_open(out, media, '{');
    json_put_open(out, "schema", '{');
    json_put_text(out, "$ref", reference);
    json_close(out, '}');
    json_close(out, '}');
}

/* What comes with one of its statuses: a list that is a table also as CSV. */
static void put_answer(struct json_out *out, const char *status, const char *media,
                       const struct http_route *route)
{
    const struct slow_handler *slow = route->slow;
    bool is_web_socket = strcmp(status, "101") == 0;

    json_put_open(out, status, '{');
    json_put_text(out, "description",
                  is_web_socket                ? "A WebSocket from here on"
                  : strcmp(status, "201") == 0 ? "Done, and new"
                                               : "Done");
    openapi_put_answer_headers(out, route);
    if (route->gives && !is_web_socket) {
        json_put_open(out, "content", '{');
        put_schema_of(out, media, route->gives);
        if (slow && (slow->table || slow->writes_csv))
            put_schema_of(out, "text/csv", "Text");
        json_close(out, '}');
    }
    json_close(out, '}');
}

static void put_answers(struct json_out *out, const char *media, const struct http_route *route)
{
    for (const char *at = route->done ? route->done : "200"; *at; at += 3 + (at[3] == ',')) {
        char status[4] = {at[0], at[1], at[2], '\0'};

        put_answer(out, status, media, route);
    }
}

/* Every {name} of the pattern, those of the query, and the headers. */
static void put_parameters(struct json_out *out, const struct http_route *route)
{
    const char *pattern = route->pattern;
    bool known;

    json_put_open(out, "parameters", '[');
    for (const char *at = pattern; (at = strchr(at, '{')); at++) {
        size_t size = strcspn(at + 1, "}");
        json_open(out, '{');
        json_name(out, "name");
        json_text(out, at + 1, size);
        json_put_text(out, "in", "path");
        json_put_bool(out, "required", true);
        openapi_put_path_about(out, at + 1, size);
        json_put_open(out, "schema", '{');
        json_put_text(out, "type", "string");
        json_close(out, '}');
        json_close(out, '}');
    }
    known = openapi_put_query(out, route->query);
    assert(known); /* a word of the route table that openapi_query.c lacks */
    (void)known;
    openapi_put_headers(out, route);
    json_close(out, ']');
}

static void put_security(struct json_out *out, enum access_rule rule)
{
    json_put_open(out, "security", '[');
    if (rule != ACCESS_PUBLIC) {
        json_open(out, '{');
        if (rule != ACCESS_SERVER_KEY) {
            json_put_open(out, "bearer", '[');
            json_close(out, ']');
        }
        if (rule == ACCESS_SERVER_KEY || rule == ACCESS_WEBHOOK) {
            json_put_open(out, "serverKey", '[');
            json_close(out, ']');
        }
        json_close(out, '}');
    }
    json_close(out, ']');
}

/* "getUserProgress..." is nobody's wish; method and place name an operation once and for all. */
static void put_operation_id(struct json_out *out, const struct http_route *route)
{
    char id[128];
    size_t size = 0;

    for (const char *at = http_method_name(route->method); *at; at++)
        id[size++] = (char)(*at | 0x20);
    for (const char *at = route->pattern; *at && size < sizeof id - 1; at++)
        if (*at != '{' && *at != '}')
            id[size++] = *at == '/' || *at == '-' || *at == '.' ? '_' : *at;
    id[size] = '\0';
    json_put_text(out, "operationId", id);
}

/* The media type of what a schema of that name describes. */
static const char *media_of(const char *schema)
{
    static const char *const plain[][2] = {{"LiveMessage", "text/event-stream"},
                                           {"Text", "text/plain"},
                                           {"Html", "text/html"},
                                           {"Script", "text/javascript"},
                                           {"Style", "text/css"},
                                           {"Svg", "image/svg+xml"},
                                           {"File", "*/*"}};

    for (size_t i = 0; schema && i < sizeof plain / sizeof *plain; i++)
        if (strcmp(schema, plain[i][0]) == 0)
            return plain[i][1];
    return "application/json";
}

static void put_operation(struct json_out *out, const struct http_route *route)
{
    char method[8];
    size_t size = 0;

    for (const char *at = http_method_name(route->method); *at; at++)
        method[size++] = (char)(*at | 0x20);
    method[size] = '\0';
    json_put_open(out, method, '{');
    put_operation_id(out, route);
    json_put_text(out, "summary", route->summary);
    json_put_open(out, "tags", '[');
    json_text(out, face_names[route->face], strlen(face_names[route->face]));
    json_close(out, ']');
    put_parameters(out, route);
    put_security(out, (enum access_rule)route->rule);
    if (route->takes) {
        json_put_open(out, "requestBody", '{');
        json_put_bool(out, "required", !(route->body_form & BODY_OPTIONAL));
        json_put_open(out, "content", '{');
        put_schema_of(out, "application/json", route->takes);
        json_close(out, '}');
        json_close(out, '}');
    }
    json_put_open(out, "responses", '{');
    put_answers(out, media_of(route->gives), route);
    openapi_put_refusals(out, route);
    json_close(out, '}');
    json_close(out, '}');
}

/* Routes of one pattern are one path item, written where the pattern comes first. */
static bool is_first(const struct http_routes *routes, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(routes->table[i].pattern, routes->table[index].pattern) == 0)
            return false;
    return true;
}

static void put_paths(struct json_out *out, const struct http_routes *routes)
{
    json_put_open(out, "paths", '{');
    for (size_t i = 0; i < routes->count; i++) {
        if (!is_first(routes, i))
            continue;
        json_put_open(out, routes->table[i].pattern, '{');
        for (size_t k = i; k < routes->count; k++)
            if (strcmp(routes->table[k].pattern, routes->table[i].pattern) == 0)
                put_operation(out, &routes->table[k]);
        json_close(out, '}');
    }
    json_close(out, '}');
}

void openapi_write(const struct http_routes *routes, struct buf *to)
{
    static const char schemes[] =
        "{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\"},"
        "\"serverKey\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Server-Key\"}}";
    struct json_out out = {to, false};

    json_open(&out, '{');
    json_put_text(&out, "openapi", "3.1.0");
    json_put_open(&out, "info", '{');
    json_put_text(&out, "title", "Milepost");
    json_put_text(&out, "version", MILEPOST_VERSION);
    json_put_text(&out, "description",
                  "Every learner's progress, through five documents' APIs over one core.");
    json_close(&out, '}');
    put_paths(&out, routes);
    json_put_open(&out, "components", '{');
    json_name(&out, "schemas");
    json_raw(&out, (const char *)openapi_schemas, openapi_schemas_size);
    json_name(&out, "securitySchemes");
    json_raw(&out, schemes, sizeof schemes - 1);
    openapi_put_components(&out);
    json_close(&out, '}');
    json_close(&out, '}');
}

void own_server_openapi(struct request *request)
{
    openapi_write(face_of(request)->routes, &request->out);
    request_reply(request, 200, "application/json");
}
