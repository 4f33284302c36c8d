#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Variable-length integers (7 bits a byte, low first; signed values zigzag) for what lies on disk.
 * A writer must have room: VARINT_MAX_BYTES per number. A reader never passes its end; after the first
 * malformed value it stays bad and gives zeros, so that only the end needs a check. */
enum { VARINT_MAX_BYTES = 10 };

/* Writes a number at `at`, 1 to VARINT_MAX_BYTES; returns the end of what was written. */
static inline uint8_t *put_u64(uint8_t *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

/* Writes a signed number, zigzag; returns the end. */
static inline uint8_t *put_i64(uint8_t *at, int64_t value)
{
    return put_u64(at, ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0));
}

/* Writes a size and then that many bytes, for which there must be room; returns the end. bytes may be NULL
 * when size is 0. */
static inline uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t size)
{
    at = put_u64(at, size);
    if (size)
        memcpy(at, bytes, size);
    return at + size;
}

struct reader {
    const uint8_t *at, *end;
    bool bad;
};

/* Reads a number. 0 when the bytes end too early or the number has more than 64 bits: the reader is bad then.
 */
static inline uint64_t get_u64(struct reader *reader)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (reader->at == reader->end)
            break;
        uint8_t byte = *reader->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    reader->bad = true;
    reader->at = reader->end;
    return 0;
}

/* Reads what put_i64 wrote; 0 when the reader is bad. */
static inline int64_t get_i64(struct reader *reader)
{
    uint64_t value = get_u64(reader);
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

/* Reads a difference: gives last and it. A sum of more than 64 bits makes the reader bad. */
static inline int64_t get_i64_after(struct reader *reader, int64_t last)
{
    int64_t sum;

    if (__builtin_add_overflow(last, get_i64(reader), &sum)) {
        reader->bad = true;
        return last;
    }
    return sum;
}

/* Reads a number of at most 32 bits; a larger one makes the reader bad. */
static inline uint32_t get_u32(struct reader *reader)
{
    uint64_t value = get_u64(reader);
    if (value > UINT32_MAX)
        reader->bad = true;
    return (uint32_t)value;
}

/* An instant, or INT64_MIN for none (base/instant.h), which takes one byte. */
static inline uint8_t *put_instant(uint8_t *at, int64_t ms)
{
    return ms == INT64_MIN ? put_u64(at, 0)
                           : put_u64(at, (((uint64_t)ms << 1) ^ (ms < 0 ? UINT64_MAX : 0)) + 1);
}

/* Reads what put_instant wrote: milliseconds, or INT64_MIN for none. */
static inline int64_t get_instant(struct reader *reader)
{
    uint64_t value = get_u64(reader);
    if (value == 0)
        return INT64_MIN;
    value--;
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

/* Reads what put_bytes wrote; the bytes are borrowed from what is read. NULL: there are none, or the reader
 * is bad. */
static inline const char *get_bytes(struct reader *reader, uint32_t *out_size)
{
    uint64_t size = get_u64(reader);
    if (reader->bad || size > (uint64_t)(reader->end - reader->at)) {
        reader->bad = true;
        *out_size = 0;
        return NULL;
    }
    const char *bytes = (const char *)reader->at;
    reader->at += size;
    *out_size = (uint32_t)size;
    return size ? bytes : NULL;
}
