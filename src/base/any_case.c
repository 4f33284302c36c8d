#include "base/any_case.h"

#include <string.h>

#include <glib.h>

/* By way of the upper case, where letters meet that are two in lower case: Greek has a sigma for the end of a
 * word, and somebody looks for a title in capitals. */
static uint32_t next_letter(const char **at)
{
    gunichar letter = g_utf8_get_char(*at);

    *at = g_utf8_next_char(*at);
    return g_unichar_tolower(g_unichar_toupper(letter));
}

bool any_case_make(struct arena *arena, const char *part, struct any_case *out)
{
    uint32_t *letters = arena_alloc(arena, (strlen(part) + 1) * sizeof *letters);
    size_t count = 0;

    if (!letters)
        return false;
    for (const char *at = part; *at;)
        letters[count++] = next_letter(&at);
    *out = (struct any_case){letters, count};
    return true;
}

/* Whether the part is what the text goes on with. */
static bool begins(const struct any_case *part, const char *at, const char *end)
{
    for (size_t i = 0; i < part->count; i++)
        if (at >= end || next_letter(&at) != part->letters[i])
            return false;
    return true;
}

bool any_case_is_in(const struct any_case *part, struct text text)
{
    if (!text.bytes)
        return false;
    const char *end = text.bytes + text.size;
    for (const char *at = text.bytes; at < end; at = g_utf8_next_char(at))
        if (begins(part, at, end))
            return true;
    return part->count == 0;
}
