#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Requests per second and caller; the burst is the same. Callers are told apart by their whole id. Bounded:
 * 65,536 callers within one second; beyond that some share what is left to one of them. Thread-safe. Source:
 * contract 8, rate_limit; reliability R31. */
struct limiter;

/* A limiter of per_second requests for each caller, above 0. NULL: out of memory. */
struct limiter *limiter_new(uint32_t per_second);

/* NULL is fine. Nobody may use it any more. */
void limiter_free(struct limiter *limiter);

/* Takes one request; false: too many. now_ms: the monotonic clock. */
bool limiter_take(struct limiter *limiter, const char *caller, size_t size, int64_t now_ms);
