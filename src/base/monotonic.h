#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* The clock that timers follow: it never jumps, and says nothing about the date. Source: reliability R26. */

/* Microseconds since a moment that lies before the process began. Any thread. */
static inline uint64_t monotonic_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* The same in milliseconds. */
static inline int64_t monotonic_ms(void)
{
    return (int64_t)(monotonic_us() / 1000);
}

/* Waits for a condition, lock held. False: the time is over. */
static inline bool monotonic_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t ms)
{
    uint64_t at_us = monotonic_us() + ms * 1000;
    struct timespec until = {(time_t)(at_us / 1000000), (long)(at_us % 1000000 * 1000)};

    return pthread_cond_clockwait(condition, lock, CLOCK_MONOTONIC, &until) == 0;
}
