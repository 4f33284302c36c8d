#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Where a list goes on: numbers that the client gives back as it got them. */

/* The numbers of a cursor, written with dots between: exactly count of them. False: it is none of ours. */
bool cursor_read(const char *text, int64_t *out, int count);
