#include "face/json_scan.h"

static const char *string_end(const char *at, const char *end) /* at: after the quote. The closing one */
{
    while (at < end && *at != '"')
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    return at;
}

static const char *value_end(const char *at, const char *end)
{
    int depth = 0;

    for (; at < end; at++) {
        if (*at == '"')
            at = string_end(at + 1, end);
        else if (*at == '{' || *at == '[')
            depth++;
        else if (((*at == '}' || *at == ']') && depth-- == 0) || (*at == ',' && depth == 0))
            return at;
    }
    return end;
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

bool json_scan_next(const char **at, const char *end, bool named, struct json_part *out)
{
    *at = skip_space(*at, end);
    if (*at < end && **at == ',')
        *at = skip_space(*at + 1, end);
    if (*at >= end || **at == '}' || **at == ']')
        return false;
    if (named) {
        const char *close = string_end(*at + 1, end);
        out->name = *at + 1;
        out->name_size = (size_t)(close - out->name);
        *at = skip_space(skip_space(close + 1, end) + 1, end); /* past the colon */
    }
    const char *stop = value_end(*at, end);
    out->value = *at;
    *at = stop;
    while (stop > out->value && skip_space(stop - 1, stop) == stop)
        stop--;
    out->value_size = (size_t)(stop - out->value);
    return true;
}
