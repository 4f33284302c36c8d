#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digits.h"

enum { FIRST_BYTES = 256 };

void buf_done(struct buf *buf)
{
    free(buf->bytes);
    *buf = (struct buf){NULL, 0, 0, false};
}

void buf_clear(struct buf *buf)
{
    buf->size = 0;
    buf->failed = false;
}

bool buf_reserve(struct buf *buf, size_t size)
{
    if (buf->failed)
        return false;
    if (buf->capacity - buf->size >= size)
        return true;
    size_t capacity = buf->capacity ? buf->capacity : FIRST_BYTES;
    while (capacity - buf->size < size && capacity < SIZE_MAX / 4)
        capacity *= 2;
    char *bytes = capacity - buf->size < size ? NULL : realloc(buf->bytes, capacity);
    if (!bytes) {
        buf->failed = true;
        return false;
    }
    buf->bytes = bytes;
    buf->capacity = capacity;
    return true;
}

void buf_add(struct buf *buf, const void *bytes, size_t size)
{
    if (size && buf_reserve(buf, size)) {
        memcpy(buf->bytes + buf->size, bytes, size);
        buf->size += size;
    }
}

void buf_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_int(struct buf *buf, int64_t value)
{
    char digits[1 + DIGITS_DECIMAL_MAX], *at = digits;

    if (value < 0)
        *at++ = '-';
    at = digits_decimal(at, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    buf_add(buf, digits, (size_t)(at - digits));
}

void buf_hundredths(struct buf *buf, int64_t hundredths)
{
    if (hundredths < 0) {
        buf_char(buf, '-');
        hundredths = -hundredths;
    }
    buf_int(buf, hundredths / 100);
    buf_char(buf, '.');
    buf_char(buf, (char)('0' + hundredths % 100 / 10));
    buf_char(buf, (char)('0' + hundredths % 10));
}

void buf_scaled(struct buf *buf, int64_t value, unsigned digits)
{
    uint64_t unit = 1, rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    for (unsigned i = 0; i < digits; i++)
        unit *= 10;
    if (value < 0)
        buf_char(buf, '-');
    buf_int(buf, (int64_t)(rest / unit));
    rest %= unit;
    if (rest)
        buf_char(buf, '.');
    while (rest) {
        unit /= 10;
        buf_char(buf, (char)('0' + rest / unit));
        rest %= unit;
    }
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size >= 0 && buf_reserve(buf, (size_t)size + 1)) {
        (void)vsnprintf(buf->bytes + buf->size, (size_t)size + 1, format, again); /* measured above */
        buf->size += (size_t)size;
    }
    va_end(again);
}
