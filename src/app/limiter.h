#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Requests per second and caller; the burst is the same. Bounded: callers whose hashes meet share a place, and the
 * later one starts with a full burst. Thread-safe. Source: contract 8, rate_limit; reliability R31. */
struct limiter;

/* per_second above 0. NULL: out of memory. */
struct limiter *limiter_new(uint32_t per_second);
void limiter_free(struct limiter *limiter);

/* Takes one request; false: too many. now_ms: a clock that does not go back. */
bool limiter_take(struct limiter *limiter, const char *caller, size_t size, int64_t now_ms);
