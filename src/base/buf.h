#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing run of bytes. After the first failed allocation it stays failed and further appends do
 * nothing, so that only the end needs a check. Not thread-safe. */
struct buf {
    char *bytes; /* NULL until the first append; no NUL at the end */
    size_t size, capacity;
    bool failed;
};

/* Frees the bytes; the buf is empty and may be used again. One that never held anything is fine. */
void buf_done(struct buf *buf);

/* Forgets the content and keeps the memory; a buf that had failed is well again. */
void buf_clear(struct buf *buf);

/* Makes room for size more bytes. False: out of memory, and buf->failed is set. */
bool buf_reserve(struct buf *buf, size_t size);

/* Appends size bytes; bytes may be NULL when size is 0. */
void buf_add(struct buf *buf, const void *bytes, size_t size);

/* Appends a NUL-terminated text, without its NUL. */
void buf_text(struct buf *buf, const char *text);

/* Appends one byte. */
void buf_char(struct buf *buf, char c);

/* Appends a whole number in decimal: "-7". */
void buf_int(struct buf *buf, int64_t value);

/* Appends hundredths as a number with two decimals, always: 1234 as 12.34. */
void buf_hundredths(struct buf *buf, int64_t hundredths);

/* value / 10^digits with no trailing zeros: 12340, 3 -> 12.34. digits 0..18. */
void buf_scaled(struct buf *buf, int64_t value, unsigned digits);

/* Appends as printf would; what printf refuses to format is left out. */
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
