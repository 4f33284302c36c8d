#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"

/* How often a value lay below each of some bounds, as Prometheus counts it. Many threads may add; a reader
 * sees figures that are at most an addition apart. */

enum { HISTOGRAM_BOUNDS = 12 };

struct histogram {
    atomic_ullong counts[HISTOGRAM_BOUNDS +
                         1]; /* of values up to each bound and above the one before; the last: above all */
    atomic_ullong sum;
};

/* Bounds in rising order. */
typedef const uint64_t histogram_bounds[HISTOGRAM_BOUNDS];

extern histogram_bounds histogram_times_us; /* 500 us to 10 s */
extern histogram_bounds histogram_steps_us; /* of parts of a request: 20 us to 5 s */
extern histogram_bounds histogram_sizes;    /* 1 to 5,000 */

/* One value more. */
static inline void histogram_add(struct histogram *histogram, histogram_bounds bounds, uint64_t value)
{
    int at = 0;

    while (at < HISTOGRAM_BOUNDS && value > bounds[at])
        at++;
    atomic_fetch_add_explicit(&histogram->counts[at], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum, value, memory_order_relaxed);
}

/* How many values there were. */
uint64_t histogram_count(const struct histogram *histogram);

/* The bound below which a share (0.5, 0.99) of the values lies; 0: there are none. Of those above all bounds:
 * the last. */
uint64_t histogram_quantile(const struct histogram *histogram, histogram_bounds bounds, double share);

/* Writes NAME_bucket, NAME_sum and NAME_count. labels: "" or `a="b",`, ended by a comma. unit: what a value
 * is divided by, a power of ten: 1000000 writes microseconds as seconds. */
void histogram_write(const struct histogram *histogram, histogram_bounds bounds, uint64_t unit,
                     const char *name, const char *labels, struct buf *out);
