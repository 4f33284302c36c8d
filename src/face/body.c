#include "face/body.h"

#include <string.h>
#include <strings.h>

#include "base/ident.h"
#include "base/instant.h"
#include "core/limits.h"
#include "face/face.h"
#include "http/gzip.h"
#include "http/request_body.h"
#include "http/router.h"

_Static_assert((int)LIMIT_OBJECT_MEMBERS == (int)JSON_MAX_MEMBERS, "one limit, said twice");

/* application/json, perhaps with charset=utf-8; no Content-Type is read as JSON. Source: reliability A81. */
static bool json_media_type(const char *type, bool beacon)
{
    size_t size = type ? strcspn(type, ";") : 0;

    if (!type)
        return true;
    while (size && (type[size - 1] == ' ' || type[size - 1] == '\t'))
        size--;
    bool known = (size == 16 && strncasecmp(type, "application/json", 16) == 0) ||
                 (beacon && size == 10 && strncasecmp(type, "text/plain", 10) == 0);
    const char *charset = strcasestr(type, "charset=");
    if (!known || !charset)
        return known;
    charset += 8;
    if (*charset == '"')
        charset++;
    return strncasecmp(charset, "utf-8", 5) == 0 || strncasecmp(charset, "utf8", 4) == 0;
}

bool face_body_is_packed(struct request *request)
{
    const char *encoding = request_header(request, "Content-Encoding");
    return encoding && strcasecmp(encoding, "gzip") == 0;
}

enum rc face_judge_body(struct request *request, struct fault *fault)
{
    const struct http_route *route = request->route;
    const char *encoding = request_header(request, "Content-Encoding");
    bool empty = !request->chunked && request->content_length == 0;

    if (request->method == HTTP_GET || request->method == HTTP_HEAD)
        return RC_OK; /* whatever comes is thrown away */
    request->body_max = route->body_max_bytes ? route->body_max_bytes : ROUTE_BODY_BYTES;
    if (route->takes && !(empty && route->body_form & BODY_OPTIONAL)) {
        if (!json_media_type(request_header(request, "Content-Type"), route->body_form & BODY_BEACON))
            return fault_set(fault, RC_MEDIA_TYPE, NULL, "the body must be application/json in UTF-8");
        if (encoding && strcasecmp(encoding, "identity") != 0 &&
            !(face_body_is_packed(request) && route->body_form & BODY_GZIP))
            return fault_set(fault, RC_MEDIA_TYPE, NULL, "this Content-Encoding is not accepted here");
    }
    if (request->content_length <= request->body_max)
        return RC_OK;
    return fault_set(
        fault, RC_TOO_LARGE, NULL,
        arena_printf(&request->arena, "a body has at most %zu MiB here", request->body_max >> 20));
}

enum rc face_body(struct request *request, enum spelling spelling, struct body *out_body, struct fault *fault)
{
    enum rc rc = RC_OK;

    out_body->root = NULL;
    out_body->spelling = spelling;
    if (face_body_is_packed(request) && request->route->body_form & BODY_GZIP) {
        rc = gzip_inflate(&request->body, request->body_max, fault);
        if (rc == RC_OK)
            rc = request_charge_body(request, fault);
    }
    if (rc != RC_OK)
        return rc;
    rc = json_in(request->body.bytes, request->body.size, &out_body->root, fault);
    if (rc == RC_OK && spelling == SPELLING_ANY_CASE)
        rc = json_in_case_clash(out_body->root, fault);
    return rc;
}

enum rc face_id(struct request *request, const struct body *body, const char *name, bool required,
                struct text *out, struct fault *fault)
{
    json_t *value = body_get(body, name);

    *out = (struct text){NULL, 0};
    if (!value && !required)
        return RC_OK;
    return json_in_id(&request->arena, value, name, &out->bytes, &out->size, fault);
}

enum rc face_query_id(struct request *request, const char *name, struct text *out, struct fault *fault)
{
    const char *text;
    enum rc rc = request_query(request, name, &text, fault);

    *out = (struct text){NULL, 0};
    if (rc != RC_OK || !text)
        return rc;
    size_t size = strlen(text);
    const char *problem = ident_problem(text, size);
    if (problem)
        return fault_set(fault, RC_INVALID, name, problem);
    char *id = arena_copy(&request->arena, text, size);
    if (!id)
        return fault_no_memory(fault);
    ident_normalize(id, size);
    *out = (struct text){id, (uint32_t)size};
    return RC_OK;
}

enum rc face_query_number(struct request *request, const char *name, int64_t low, int64_t high,
                          int64_t *inout, struct fault *fault)
{
    const char *text;
    enum rc rc = request_query(request, name, &text, fault);
    int64_t value;

    if (rc != RC_OK || !text)
        return rc;
    if (!ident_integer(text, strlen(text), &value) || value < low || value > high)
        return fault_set(fault, RC_INVALID, name, "must be a whole number in range");
    *inout = value;
    return RC_OK;
}

enum rc face_query_flag(struct request *request, const char *name, bool *inout, struct fault *fault)
{
    const char *text;
    enum rc rc = request_query(request, name, &text, fault);

    if (rc != RC_OK || !text)
        return rc;
    if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
        return fault_set(fault, RC_INVALID, name, "must be 0 or 1");
    *inout = *text == '1';
    return RC_OK;
}

enum rc face_query_bound(struct request *request, const char *name, bool end, int64_t *inout_ms,
                         struct fault *fault)
{
    const char *text;
    int64_t ms;
    enum rc rc = request_query(request, name, &text, fault);

    if (rc != RC_OK || !text)
        return rc;
    switch (instant_parse(text, strlen(text), &ms)) {
    case INSTANT_FULL:
        *inout_ms = ms;
        return RC_OK;
    case INSTANT_DATE:
        ms = zone_day_start_ms(face_of(request)->zone, instant_day(ms) + (end ? 1 : 0)) - (end ? 1 : 0);
        *inout_ms = ms;
        return RC_OK;
    default:
        return fault_set(fault, RC_INVALID, name, "must be an ISO 8601 date or instant");
    }
}

enum rc face_client_instant(struct request *request, const json_t *value, const char *field, int64_t *out_ms,
                            bool *out_past, struct fault *fault)
{
    int64_t now_ms = face_of(request)->now_ms();
    enum rc rc = json_in_instant(value, field, out_ms, fault);

    *out_past = rc == RC_OK && *out_ms <= now_ms;
    if (rc == RC_OK && *out_ms > now_ms + DAY_MS)
        return fault_set(fault, RC_INVALID, field, "lies more than 24 hours ahead");
    return rc;
}
