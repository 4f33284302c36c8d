#include "base/ident.h"

#include <string.h>
#include <strings.h>

/* A literal segment wins over a parameter, so none of these may be an id. Source: contract 1, Ids. */
static const char *const reserved[] = {"summary",  "stats",  "log",    "user",    "engagement", "sync",
                                       "realtime", "course", "bulk",   "update",  "reset",      "labs",
                                       "games",    "video",  "videos", "webhook", "me"};

/* Continuation bytes that must follow a lead byte, and the bounds of the first of them (RFC 3629). */
static size_t utf8_tail(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 1;
    if (lead >= 0xe0 && lead <= 0xef) {
        if (lead == 0xe0)
            *low = 0xa0;
        if (lead == 0xed)
            *high = 0x9f;
        return 2;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        if (lead == 0xf0)
            *low = 0x90;
        if (lead == 0xf4)
            *high = 0x8f;
        return 3;
    }
    return 0;
}

bool utf8_valid(const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + size;

    while (at < end) {
        unsigned char lead = *at++, low, high;
        if (lead < 0x80)
            continue;
        size_t tail = utf8_tail(lead, &low, &high);
        if (tail == 0 || (size_t)(end - at) < tail || *at < low || *at > high)
            return false;
        for (at++; --tail; at++)
            if (*at < 0x80 || *at > 0xbf)
                return false;
    }
    return true;
}

const char *ident_problem(const char *text, size_t size)
{
    if (size == 0)
        return "an id must not be empty";
    if (size > IDENT_MAX_BYTES)
        return "an id has at most 128 bytes";
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f)
            return "an id must not hold control characters";
        if (c == 0xc2 && i + 1 < size && (unsigned char)text[i + 1] < 0xa0)
            return "an id must not hold control characters"; /* U+0080 to U+009F */
    }
    if (!utf8_valid(text, size))
        return "an id must be valid UTF-8";
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strlen(reserved[i]) == size && strncasecmp(reserved[i], text, size) == 0)
            return "this word is reserved and cannot be an id";
    return NULL;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

void ident_normalize(char *text, size_t size)
{
    if (size != 36)
        return;
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !is_hex(text[i]))
            return;
    }
    for (size_t i = 0; i < 36; i++)
        if (text[i] >= 'A' && text[i] <= 'F')
            text[i] = (char)(text[i] - 'A' + 'a');
}

bool ident_integer(const char *text, size_t size, int64_t *out_value)
{
    uint64_t value = 0;

    if (size == 0 || size > 19 || (size > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (value > INT64_MAX)
        return false;
    *out_value = (int64_t)value;
    return true;
}
