#include "core/segment.h"

#include <stdbool.h>
#include <stdlib.h>

static int by_from(const void *a, const void *b)
{
    const struct segment *left = a, *right = b;
    return left->from_ms < right->from_ms ? -1 : left->from_ms > right->from_ms;
}

/* Appends next to out[0..count), joining it with the last one when they touch. Sorted input. */
static size_t push_joined(struct segment *out, size_t count, struct segment next)
{
    if (next.to_ms <= next.from_ms)
        return count;
    if (count && next.from_ms <= out[count - 1].to_ms) {
        if (next.to_ms > out[count - 1].to_ms)
            out[count - 1].to_ms = next.to_ms;
        return count;
    }
    out[count] = next;
    return count + 1;
}

size_t segments_normalize(struct segment *segments, size_t count)
{
    size_t kept = 0;

    if (count > 1)
        qsort(segments, count, sizeof *segments, by_from);
    for (size_t i = 0; i < count; i++)
        kept = push_joined(segments, kept, segments[i]);
    return kept;
}

size_t segments_merge(const struct segment *a, size_t a_count, const struct segment *b, size_t b_count,
                      struct segment *out)
{
    size_t count = 0, i = 0, j = 0;

    while (i < a_count || j < b_count) {
        bool take_a = j == b_count || (i < a_count && a[i].from_ms <= b[j].from_ms);
        count = push_joined(out, count, take_a ? a[i++] : b[j++]);
    }
    return count;
}

int64_t segments_covered_ms(const struct segment *segments, size_t count)
{
    int64_t covered = 0;

    for (size_t i = 0; i < count; i++)
        covered += segments[i].to_ms - segments[i].from_ms;
    return covered;
}
