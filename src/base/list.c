#include "base/list.h"

#include <string.h>

enum { LEAST_BYTES = 24 }; /* what the least allocation holds */

bool list_grow(void *at, size_t width, uint32_t count, uint32_t *capacity, size_t more)
{
    void *array;

    if (more <= *capacity - count)
        return true;
    if (more > UINT32_MAX - (size_t)count)
        return false;
    size_t next = *capacity ? *capacity : LEAST_BYTES / width + (LEAST_BYTES < width);
    while (next < count + more)
        next *= 2;
    if (next > UINT32_MAX)
        next = UINT32_MAX;
    if (next > SIZE_MAX / width)
        return false;
    memcpy(&array, at, sizeof array); /* whatever it points to, a pointer is a pointer */
    void *grown = reallocarray(array, next, width);
    if (!grown)
        return false;
    memcpy(at, &grown, sizeof grown);
    *capacity = (uint32_t)next;
    return true;
}

uint32_t list_sort_unique(void *at, uint32_t count, size_t width, int (*compare)(const void *, const void *))
{
    char *bytes = at;
    uint32_t kept = 0;

    if (count)
        qsort(at, count, width, compare);
    for (uint32_t i = 0; i < count; i++) {
        if (kept && compare(bytes + (kept - 1) * width, bytes + i * width) == 0)
            continue;
        if (kept != i)
            memcpy(bytes + kept * width, bytes + i * width, width);
        kept++;
    }
    return kept;
}
