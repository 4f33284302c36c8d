#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A piece of text that somebody else owns: an id, a title, a member's value. */
struct text {
    const char *bytes; /* NUL-terminated; NULL: absent */
    uint32_t size;     /* without the NUL */
};

/* Whether two texts are the same bytes. An absent one equals an absent one alone. */
static inline bool text_equal(struct text a, struct text b)
{
    if (!a.bytes || !b.bytes)
        return !a.bytes && !b.bytes;
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

/* Whether a list names a word, which holds no separator: its words stand between characters of separators.
 * list NULL, word NULL or "": false. */
bool text_in_list(const char *list, const char *separators, const char *word);
