#include "cli/serve_answers.h"

#include <stdio.h>
#include <string.h>

/* One line per answer that is worth it: 5xx always, refusals for load at warn, all at debug. Never a token, a
 * body or a query: reliability R39. */
static void log_answer(struct server *server, const struct request *request, uint64_t microseconds)
{
    enum log_level level = request->status >= 500 ? LOG_ERROR : request->status == 429 ? LOG_WARN : LOG_DEBUG;

    if ((int)level <= atomic_load_explicit(&server->log_level, memory_order_relaxed))
        (void)fprintf(stderr, "milepost: %s %s %d %llu us request %s\n", http_method_name(request->method),
                      request->route ? request->route->pattern : "-", request->status,
                      (unsigned long long)microseconds, request->request_id); /* nowhere else to say it */
}

/* Too many, too large, too busy; or one of the budgets, whose refusals say how much there is "at most". */
static bool met_limit(const struct request *request)
{
    int status = request->status;

    return status == 413 || status == 429 || status == 503 ||
           ((status == 400 || status == 409) && strstr(request->refused, "at most"));
}

void serve_observe(struct face_context *context, const struct request *request, uint64_t microseconds)
{
    struct server *server = (struct server *)((char *)context - offsetof(struct server, context));
    size_t route = request->route ? (size_t)(request->route - face_routes.table) : face_routes.count;

    metrics_count(server->metrics, route, request->status, microseconds);
    if (request->refused && met_limit(request))
        metrics_refused(server->metrics, request->refused);
    log_answer(server, request, microseconds);
}

static struct metrics_label label_of(void *arg, size_t route)
{
    (void)arg;
    return (struct metrics_label){http_method_name(face_routes.table[route].method),
                                  face_routes.table[route].pattern};
}

static void write_metrics(void *metrics, struct buf *out)
{
    metrics_write(metrics, label_of, NULL, out);
}

static bool is_read(size_t route)
{
    return face_routes.table[route].method == HTTP_GET;
}

static uint64_t count_reads(void *metrics)
{
    return metrics_answered(metrics, is_read);
}

static void each_refusal(void *metrics, void (*visit)(void *arg, const char *limit, uint64_t count),
                         void *arg)
{
    metrics_each_refusal(metrics, visit, arg);
}

void serve_show_metrics(struct face_context *context, struct metrics *metrics)
{
    context->metrics = metrics;
    context->write_metrics = write_metrics;
    context->count_reads = count_reads;
    context->each_refusal = each_refusal;
}
