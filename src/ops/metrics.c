#include "ops/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/histogram.h"

enum { CLASSES = 5 }; /* 1xx to 5xx */

struct counter {
    atomic_ullong requests[CLASSES];
    struct histogram us;
};

struct refusals {
    char limit[METRICS_LIMIT_BYTES];
    uint64_t count;
};

struct metrics {
    pthread_mutex_t lock;                     /* guards refusals and kinds */
    struct refusals refusals[METRICS_LIMITS]; /* the last: all that found no place of their own */
    size_t kinds;
    size_t routes;
    struct counter counters[];
};

struct metrics *metrics_new(size_t routes)
{
    struct metrics *metrics = calloc(1, sizeof *metrics + (routes + 1) * sizeof metrics->counters[0]);

    if (metrics)
        metrics->routes = routes;
    if (metrics)
        (void)pthread_mutex_init(&metrics->lock, NULL); /* default attributes cannot fail */
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (metrics)
        (void)pthread_mutex_destroy(&metrics->lock); /* nobody holds it */
    free(metrics);
}

void metrics_count(struct metrics *metrics, size_t route, int status, uint64_t microseconds)
{
    struct counter *counter = &metrics->counters[route < metrics->routes ? route : metrics->routes];
    int class = status / 100 - 1;

    if (class >= 0 && class < CLASSES)
        atomic_fetch_add_explicit(&counter->requests[class], 1, memory_order_relaxed);
    histogram_add(&counter->us, histogram_times_us, microseconds);
}

void metrics_refused(struct metrics *metrics, const char *limit)
{
    size_t at = 0;

    (void)pthread_mutex_lock(&metrics->lock);
    while (at < metrics->kinds && strncmp(metrics->refusals[at].limit, limit, METRICS_LIMIT_BYTES - 1) != 0)
        at++;
    if (at == metrics->kinds && at < METRICS_LIMITS - 1) {
        strncpy(metrics->refusals[at].limit, limit, METRICS_LIMIT_BYTES - 1); /* the last byte stays 0 */
        metrics->kinds++;
    } else if (at == metrics->kinds) {
        strcpy(metrics->refusals[at].limit, "others"); /* fits */
    }
    metrics->refusals[at].count++;
    (void)pthread_mutex_unlock(&metrics->lock);
}

uint64_t metrics_answered(struct metrics *metrics, bool (*which)(size_t route))
{
    uint64_t count = 0;

    for (size_t i = 0; i < metrics->routes; i++)
        for (int class = 0; class < CLASSES && which(i); class ++)
            count += atomic_load_explicit(&metrics->counters[i].requests[class], memory_order_relaxed);
    return count;
}

void metrics_each_refusal(struct metrics *metrics,
                          void (*visit)(void *arg, const char *limit, uint64_t count), void *arg)
{
    (void)pthread_mutex_lock(&metrics->lock);
    for (size_t i = 0; i < METRICS_LIMITS; i++)
        if (metrics->refusals[i].count)
            visit(arg, metrics->refusals[i].limit, metrics->refusals[i].count);
    (void)pthread_mutex_unlock(&metrics->lock);
}

static void write_refusals(struct metrics *metrics, struct buf *out)
{
    (void)pthread_mutex_lock(&metrics->lock);
    for (size_t i = 0; i < METRICS_LIMITS; i++) {
        if (!metrics->refusals[i].count)
            continue;
        buf_text(out, "milepost_refused_total{limit=\"");
        for (const char *at = metrics->refusals[i].limit; *at; at++)
            if (*at != '"' && *at != '\\' && (unsigned char)*at >= ' ')
                buf_char(out, *at);
        buf_printf(out, "\"} %llu\n", (unsigned long long)metrics->refusals[i].count);
    }
    (void)pthread_mutex_unlock(&metrics->lock);
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_write(struct metrics *metrics, struct metrics_label (*label)(void *arg, size_t route), void *arg,
                   struct buf *out)
{
    head(out, "milepost_requests_total", "counter", "Requests answered, by route and class of status.");
    for (size_t i = 0; i <= metrics->routes; i++) {
        struct metrics_label name = i < metrics->routes ? label(arg, i) : (struct metrics_label){"", "none"};
        for (int class = 0; class < CLASSES; class ++) {
            unsigned long long count =
                atomic_load_explicit(&metrics->counters[i].requests[class], memory_order_relaxed);
            if (count)
                buf_printf(out, "milepost_requests_total{method=\"%s\",route=\"%s\",status=\"%dxx\"} %llu\n",
                           name.method, name.pattern, class + 1, count);
        }
    }
    head(out, "milepost_request_seconds", "histogram", "Time from head to answer, suspended time included.");
    for (size_t i = 0; i <= metrics->routes; i++) {
        struct metrics_label name = i < metrics->routes ? label(arg, i) : (struct metrics_label){"", "none"};
        char labels[256];
        if (!histogram_count(&metrics->counters[i].us))
            continue;
        (void)snprintf(labels, sizeof labels, "method=\"%s\",route=\"%s\",", name.method,
                       name.pattern); /* a pattern is shorter */
        histogram_write(&metrics->counters[i].us, histogram_times_us, 1000000, "milepost_request_seconds",
                        labels, out);
    }
    head(out, "milepost_refused_total", "counter",
         "Requests that met a limit, by what the answer said of it.");
    write_refusals(metrics, out);
}
