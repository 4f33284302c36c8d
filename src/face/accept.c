#include "face/accept.h"

#include <string.h>
#include <strings.h>

const char *header_list_find(const char *list, const char *word)
{
    size_t size = strlen(word);

    for (const char *at = list; at && *at; at += strcspn(at, ",")) {
        at += strspn(at, ", \t");
        if (strncasecmp(at, word, size) == 0 && strchr(",; \t", at[size]))
            return at + size;
    }
    return NULL;
}

/* "0.75" is 750: three digits after the point at most, RFC 9110 12.4.2. */
static int weight_at(const char *text)
{
    int weight = 0, worth = 100;

    if (*text >= '1' && *text <= '9')
        return 1000;
    if (*text == '0' && text[1] == '.')
        for (text += 2; *text >= '0' && *text <= '9' && worth; text++, worth /= 10)
            weight += (*text - '0') * worth;
    return weight;
}

int accept_weight(const char *accept, const char *type)
{
    const char *range = header_list_find(accept, type);

    if (!range)
        return -1;
    for (const char *at = range, *end = range + strcspn(range, ","); at < end; at++) {
        at += strspn(at, "; \t");
        if (strncasecmp(at, "q=", 2) == 0)
            return weight_at(at + 2);
        at += strcspn(at, ";,");
    }
    return 1000;
}

bool accept_prefers(const char *accept, const char *type, const char *to)
{
    int weight = accept_weight(accept, type), other = accept_weight(accept, to);

    return weight > 0 && (weight > other ||
                          (weight == other && header_list_find(accept, type) < header_list_find(accept, to)));
}
