#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Counters by route, in Prometheus' text form. Labels are face and route pattern, never a user or course.
 * Thread-safe. Names are as Prometheus asks for them: base units, and _total behind a counter. Source:
 * contract 7. */
struct metrics;

/* routes: how many there are; requests without a route count under index routes. NULL: out of memory. */
struct metrics *metrics_new(size_t routes);

/* NULL is fine. Nobody counts any more. */
void metrics_free(struct metrics *metrics);

enum { METRICS_LIMITS = 64, METRICS_LIMIT_BYTES = 120 };

/* A request that met a limit. limit: what the answer says of it; copied; no more than METRICS_LIMITS are told
 * apart. */
void metrics_refused(struct metrics *metrics, const char *limit);

/* One request that was answered: by which route, with which status, in how long. */
void metrics_count(struct metrics *metrics, size_t route, int status, uint64_t microseconds);

/* How many requests were answered by those of the routes. */
uint64_t metrics_answered(struct metrics *metrics, bool (*which)(size_t route));

/* Visits what metrics_refused counted. visit must not count. */
void metrics_each_refusal(struct metrics *metrics,
                          void (*visit)(void *arg, const char *limit, uint64_t count), void *arg);

struct metrics_label {
    const char *method, *pattern;
};

/* milepost_requests_total and the histogram milepost_request_seconds by route and class of status,
 * milepost_refused_total by limit. */
void metrics_write(struct metrics *metrics, struct metrics_label (*label)(void *arg, size_t route), void *arg,
                   struct buf *out);
