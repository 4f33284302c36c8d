#include "http/router.h"

#include <string.h>

const char *http_method_name(enum http_method method)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "?"};
    return names[method];
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Compares a pattern with the path: -1 no match, else a number whose bits say which segments are literal, the
 * first the weightiest, so that the larger number is the more literal pattern. A '/' that came as %2F is part
 * of an id and of no literal. */
static int match(const struct http_route *route, const struct request *request)
{
    const char *at = route->pattern;
    int literal = 0;

    for (int i = 0; i < request->segment_count; i++) {
        if (*at != '/')
            return -1;
        const struct segment_text *segment = &request->segments[i];
        literal <<= 1;
        if (*++at == '{') {
            at = strchrnul(at, '/');
            continue;
        }
        for (const char *byte = segment->bytes, *end = byte + segment->size; byte < end; byte++, at++)
            if (!*at || *byte == '/' ||
                (*at != *byte && !(route->any_case && ascii_lower(*at) == ascii_lower(*byte))))
                return -1;
        if (*at && *at != '/')
            return -1;
        literal |= 1;
    }
    return *at == '\0' || (request->segment_count == 0 && strcmp(at, "/") == 0) ? literal : -1;
}

static void take_params(const struct http_route *route, struct request *request)
{
    const char *at = route->pattern;
    int count = 0;

    for (int i = 0; i < request->segment_count && *at; i++) {
        const char *end = strchrnul(++at, '/');
        if (*at == '{' && count < MAX_PARAMS)
            request->params[count++] = request->segments[i];
        at = end;
    }
}

static bool serves(const struct http_route *route, enum http_method method)
{
    return route->method == method || (method == HTTP_HEAD && route->method == HTTP_GET);
}

/* "GET, HEAD, POST": what the patterns as literal as the best take. */
static const char *allow_of(const struct http_routes *routes, struct request *request, int best)
{
    bool takes[HTTP_OTHER + 1] = {false};
    char *text = arena_alloc(&request->arena, 64), *to = text;

    for (size_t i = 0; i < routes->count; i++)
        if (match(&routes->table[i], request) == best)
            takes[routes->table[i].method] = true;
    takes[HTTP_HEAD] = takes[HTTP_GET];
    takes[HTTP_OPTIONS] = true;
    for (int method = 0; text && method < HTTP_OTHER; method++)
        if (takes[method]) {
            if (to != text)
                to = stpcpy(to, ", "); /* 64 bytes hold all six */
            to = stpcpy(to, http_method_name((enum http_method)method));
        }
    return text;
}

enum rc http_find_route(const struct http_routes *routes, struct request *request, struct fault *fault)
{
    int best = -1;
    const struct http_route *found = NULL;

    for (size_t i = 0; i < routes->count; i++) {
        int literal = match(&routes->table[i], request);
        if (literal > best) {
            best = literal;
            found = NULL;
        }
        if (literal >= 0 && literal == best && serves(&routes->table[i], request->method))
            found = &routes->table[i];
    }
    if (best < 0)
        return fault_set(fault, RC_NOT_FOUND, NULL, "no such path");
    if (!found) {
        request->allow = allow_of(routes, request, best);
        return fault_set(fault, RC_METHOD, NULL, "this path does not take that method");
    }
    request->route = found;
    take_params(found, request);
    return RC_OK;
}
