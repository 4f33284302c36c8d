#include "http/request.h"

#include <string.h>

#include "base/digits.h"
#include "base/ident.h"

/* The next byte, an escape decoded; moves *at on. -1: a malformed escape. */
static int next_byte(const char **at, const char *end)
{
    const char *from = (*at)++;

    if (*from != '%')
        return (unsigned char)*from;
    int high = end - from > 2 ? digits_hex_value(from[1]) : -1,
        low = high >= 0 ? digits_hex_value(from[2]) : -1;
    *at += low >= 0 ? 2 : 0;
    return low >= 0 ? high * 16 + low : -1;
}

/* Percent-decodes once, into the arena. plus: '+' is a space (in a query). NULL: a malformed escape or out of
 * memory. */
static char *decode(struct arena *arena, const char *from, size_t size, bool plus, uint32_t *out_size)
{
    char *out = arena_alloc(arena, size + 1), *to = out;

    for (const char *end = from + size; out && from < end;) {
        bool is_space = plus && *from == '+';
        int byte = next_byte(&from, end);
        if (byte < 0)
            return NULL;
        *to++ = is_space ? ' ' : (char)byte;
    }
    if (out)
        *out_size = (uint32_t)(to - out);
    return out;
}

enum rc request_split_path(struct request *request, struct fault *fault)
{
    const char *at = request->target, *question = strchr(at, '?');
    const char *end = question ? question : at + strlen(at);

    request->query = question ? question + 1 : NULL;
    while (at < end) {
        while (at < end && *at == '/')
            at++;
        const char *slash = memchr(at, '/', (size_t)(end - at));
        const char *stop = slash ? slash : end;
        if (stop == at)
            break;
        if (request->segment_count == MAX_SEGMENTS)
            return fault_set(fault, RC_NOT_FOUND, NULL, "no such path");
        struct segment_text *segment = &request->segments[request->segment_count++];
        segment->bytes = decode(&request->arena, at, (size_t)(stop - at), false, &segment->size);
        if (!segment->bytes) {
            request->path_malformed = true;
            segment->size = (uint32_t)(stop - at);
            segment->bytes = arena_copy(&request->arena, at, segment->size);
        }
        if (!segment->bytes)
            return fault_no_memory(fault);
        at = stop;
    }
    return RC_OK;
}

enum rc request_id_param(struct request *request, int index, const char *field, struct fault *fault)
{
    struct segment_text *param = &request->params[index];
    const char *problem = ident_problem(param->bytes, param->size);

    if (problem)
        return fault_set(fault, RC_INVALID, field, problem);
    ident_normalize(param->bytes, param->size);
    return RC_OK;
}

/* Whether a query member's name, with its escapes, is this one. */
static bool spells(const char *at, const char *stop, const char *name)
{
    while (at < stop && *name && next_byte(&at, stop) == (unsigned char)*name)
        name++;
    return at == stop && !*name;
}

enum rc request_query(struct request *request, const char *name, const char **out, struct fault *fault)
{
    const char *found = NULL; /* also the empty text, which counts as not given */

    *out = NULL;
    for (const char *at = request->query; at && *at;) {
        const char *end = strchrnul(at, '&');
        const char *equals = memchr(at, '=', (size_t)(end - at));
        const char *stop = equals ? equals : end;
        if (spells(at, stop, name)) {
            uint32_t size;
            if (found)
                return fault_set(fault, RC_INVALID, name, "is given twice");
            const char *from = equals ? equals + 1 : end;
            found = decode(&request->arena, from, (size_t)(end - from), true, &size);
            if (!found || strlen(found) != size || !utf8_valid(found, size))
                return fault_set(fault, RC_INVALID, name, "is malformed");
        }
        at = *end ? end + 1 : end;
    }
    *out = found && *found ? found : NULL;
    return RC_OK;
}

void request_reply(struct request *request, int status, const char *content_type)
{
    request->status = status;
    request->content_type = content_type;
    request->answered = true;
}
