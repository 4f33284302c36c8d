#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

/* Looking for a part of a text, whatever the case of its letters, in any script. A letter counts as the one
 * that its capital is in lower case (so both sigmas are one); a letter whose capital is two letters (sharp s)
 * is found as it is. Pure; any thread. */

/* What is looked for: its letters in lower case. count 0: it is in every text. */
struct any_case {
    const uint32_t *letters;
    size_t count;
};

/* Makes it of a text of UTF-8; lives in the arena. False: out of memory. */
bool any_case_make(struct arena *arena, const char *part, struct any_case *out);

/* Whether the text, of UTF-8, holds it. An absent text holds nothing. */
bool any_case_is_in(const struct any_case *part, struct text text);
