#pragma once

#include <stdbool.h>

/* Headers that are lists, and what a client takes: its Accept header. Source: RFC 9110 5.6.1, 12.5.1. */

/* What follows a word, whose case does not matter, in a comma-separated list: its parameters first. NULL: the
 * list names it nowhere, or is NULL. */
const char *header_list_find(const char *list, const char *word);

/* Its weight of a media type that it names, in thousandths, 0 when it refuses it; -1 when it names it
 * nowhere. Ranges with a * name none. accept NULL: names nothing. */
int accept_weight(const char *accept, const char *type);

/* Whether it prefers a type to another: by weight, of equal ones by which it names first. */
bool accept_prefers(const char *accept, const char *type, const char *to);
