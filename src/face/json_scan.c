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

bool json_scan_next(const char **at, const char *end, bool named, struct json_part *out)
{
    if (*at < end && **at == ',')
        ++*at;
    if (*at >= end || **at == '}' || **at == ']')
        return false;
    if (named) {
        const char *close = string_end(*at + 1, end);
        out->name = *at + 1;
        out->name_size = (size_t)(close - out->name);
        *at = close + 2; /* the quote and the colon */
    }
    const char *stop = value_end(*at, end);
    out->value = *at;
    out->value_size = (size_t)(stop - *at);
    *at = stop;
    return true;
}
