#pragma once

#include <stddef.h>
#include <stdint.h>

/* Coverage: what of an item was watched, as half-open stretches of milliseconds. Pure; any thread. */
struct segment {
    int64_t from_ms, to_ms; /* 0 <= from <= to */
};

/* Sorts and joins overlapping or touching stretches in place, drops empty ones; returns how many stay. */
size_t segments_normalize(struct segment *segments, size_t count);

/* The union of two normalized sets into out (room for a_count + b_count); returns its size.
 * Commutative, associative, idempotent: order and repetition of reports do not matter (rule 4). */
size_t segments_merge(const struct segment *a, size_t a_count, const struct segment *b, size_t b_count,
                      struct segment *out);

/* How many milliseconds a normalized set covers. */
int64_t segments_covered_ms(const struct segment *segments, size_t count);
