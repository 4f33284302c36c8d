#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Numbers as text, for what is written into every answer (printf takes a third of a microsecond for one).
 * Each writes at `at` and returns the end of what it wrote; no NUL. */

enum { DIGITS_DECIMAL_MAX = 20 };

/* Lower case, at least `least` digits. */
static inline char *digits_hex(char *at, uint64_t value, unsigned least)
{
    unsigned count = 1;

    for (uint64_t rest = value >> 4; rest; rest >>= 4)
        count++;
    if (count < least)
        count = least;
    for (unsigned i = count; i-- > 0; value >>= 4)
        at[i] = "0123456789abcdef"[value & 15];
    return at + count;
}

/* Without leading zeros, at most DIGITS_DECIMAL_MAX digits. */
static inline char *digits_decimal(char *at, uint64_t value)
{
    char digits[DIGITS_DECIMAL_MAX], *from = digits + sizeof digits;

    do
        *--from = (char)('0' + value % 10);
    while (value /= 10);
    size_t size = (size_t)(digits + sizeof digits - from);
    memcpy(at, from, size);
    return at + size;
}
