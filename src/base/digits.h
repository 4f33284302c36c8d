#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Numbers as text, for what is written into every answer (printf takes a third of a microsecond for one).
 * Each writes at `at` and returns the end of what it wrote; no NUL. */

enum { DIGITS_DECIMAL_MAX = 20 };

/* Writes a number in lower-case hex, at least `least` digits; returns the end. */
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

/* What a hexadecimal digit of either case means; -1: it is none. */
static inline int digits_hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Bytes from twice as many hexadecimal digits. False: a character is none; out is then undefined. */
static inline bool digits_hex_bytes(const char *text, size_t bytes, uint8_t *out)
{
    for (size_t i = 0; i < bytes; i++) {
        int high = digits_hex_value(text[2 * i]), low = high < 0 ? -1 : digits_hex_value(text[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Writes a number without leading zeros, at most DIGITS_DECIMAL_MAX digits; returns the end. */
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
