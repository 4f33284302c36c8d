#pragma once

#include <stdbool.h>

/* What a client takes: its Accept header. Source: RFC 9110 12.5.1. */

/* Its weight of a media type that it names, in thousandths, 0 when it refuses it; -1 when it names it
 * nowhere. Ranges with a * name none. accept NULL: names nothing. */
int accept_weight(const char *accept, const char *type);

/* Whether it prefers a type to another: by weight, of equal ones by which it names first. */
bool accept_prefers(const char *accept, const char *type, const char *to);
