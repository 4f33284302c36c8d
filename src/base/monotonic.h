#pragma once

#include <stdint.h>
#include <time.h>

/* The clock that timers follow: it never jumps, and says nothing about the date. Source: reliability R26. */

static inline uint64_t monotonic_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static inline int64_t monotonic_ms(void)
{
    return (int64_t)(monotonic_us() / 1000);
}
