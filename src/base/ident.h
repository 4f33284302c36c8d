#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ids of learners, courses and items. Source: contract 1, Ids. Pure; any thread. */

enum { IDENT_MAX_BYTES = 128 };

/* Why a text is no id: a sentence for the client, or NULL when it is one. */
const char *ident_problem(const char *text, size_t size);

/* Lower-cases text in place when it parses as a UUID; leaves any other text alone. */
void ident_normalize(char *text, size_t size);

/* Canonical decimal 0..2^63-1 ("7", not "07", "+7", "7.0"): what courseroom takes in a path. */
bool ident_integer(const char *text, size_t size, int64_t *out_value);

/* Whether size bytes are well-formed UTF-8: no overlong forms, no surrogates, no more than U+10FFFF. */
bool utf8_valid(const char *text, size_t size);
