#include "base/histogram.h"

histogram_bounds histogram_times_us = {500,   1000,   2500,   5000,    10000,   25000,
                                       50000, 100000, 250000, 1000000, 5000000, 10000000};
histogram_bounds histogram_steps_us = {20,   50,    100,   250,    500,     1000,
                                       2500, 10000, 50000, 250000, 1000000, 5000000};
histogram_bounds histogram_sizes = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};

static uint64_t counted(const struct histogram *histogram, int at)
{
    return atomic_load_explicit(&histogram->counts[at], memory_order_relaxed);
}

uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t count = 0;

    for (int i = 0; i <= HISTOGRAM_BOUNDS; i++)
        count += counted(histogram, i);
    return count;
}

uint64_t histogram_quantile(const struct histogram *histogram, histogram_bounds bounds, double share)
{
    uint64_t count = histogram_count(histogram), below = 0;

    for (int i = 0; count && i < HISTOGRAM_BOUNDS; i++) {
        below += counted(histogram, i);
        if ((double)below >= share * (double)count)
            return bounds[i];
    }
    return count ? bounds[HISTOGRAM_BOUNDS - 1] : 0;
}

void histogram_write(const struct histogram *histogram, histogram_bounds bounds, uint64_t unit,
                     const char *name, const char *labels, struct buf *out)
{
    uint64_t below = 0;
    size_t size = 0;

    while (labels[size])
        size++;
    for (int i = 0; i < HISTOGRAM_BOUNDS; i++) {
        below += counted(histogram, i);
        buf_printf(out, "%s_bucket{%sle=\"%g\"} %llu\n", name, labels, (double)bounds[i] / (double)unit,
                   (unsigned long long)below);
    }
    below += counted(histogram, HISTOGRAM_BOUNDS);
    buf_printf(out, "%s_bucket{%sle=\"+Inf\"} %llu\n", name, labels, (unsigned long long)below);
    uint64_t sum = atomic_load_explicit(&histogram->sum, memory_order_relaxed);
    const char *open = size ? "{" : "", *close = size ? "}" : "";
    int shown = size ? (int)size - 1 : 0; /* without its comma */
    buf_printf(out, "%s_sum%s%.*s%s %.6f\n", name, open, shown, labels, close, (double)sum / (double)unit);
    buf_printf(out, "%s_count%s%.*s%s %llu\n", name, open, shown, labels, close, (unsigned long long)below);
}
