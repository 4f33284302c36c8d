#include "cli/serve_answers.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/access.h"

/* One line per answer that is worth it: 5xx always, refusals for load at warn; all at debug, or with
 * access_log. Never a token, a body or a query: reliability R39. */
static void log_answer(struct server *server, struct request *request, uint64_t microseconds)
{
    enum log_level level = request->status >= 500                                            ? LOG_ERROR
                           : request->status == 429                                          ? LOG_WARN
                           : atomic_load_explicit(&server->access_log, memory_order_relaxed) ? LOG_INFO
                                                                                             : LOG_DEBUG;
    char trace[33] = "";

    if (!log_output_takes(server->log, level))
        return;
    const char *parent = request_traceparent(request);
    if (parent)
        (void)snprintf(trace, sizeof trace, "%.32s", parent + 3); /* fits */
    log_output_answer(server->log, level,
                      &(struct log_answer){
                          .method = http_method_name(request->method),
                          .route = request->route ? request->route->pattern : "-",
                          .status = request->status,
                          .microseconds = microseconds,
                          .request_id = request->request_id,
                          .trace_id = trace,
                      });
}

static bool is_write(const struct request *request)
{
    return request->method == HTTP_POST || request->method == HTTP_PUT || request->method == HTTP_DELETE;
}

static bool is_erasure(const struct request *request)
{
    return request->method == HTTP_DELETE && request->route->face == FACE_LEARNER;
}

/* What only ADMIN, staff or another service may do; an erasure; what one does to another's record, or takes
 * along of it. Not what a service reports for learners: that is what it is there for. */
static bool is_privileged(const struct request *request)
{
    const struct call *call = request->call;
    const struct http_route *route = request->route;

    if (!route || !call || !call->caller.id_size)
        return false;
    bool others = call->user.bytes && strcmp(call->user.bytes, call->caller.id) != 0;
    if (!is_write(request))
        return others && strstr(route->pattern, "/export");
    return route->rule == ACCESS_ADMIN || route->rule == ACCESS_COURSE_STAFF ||
           route->rule == ACCESS_WEBHOOK || is_erasure(request) ||
           (others && !(call->caller.roles & ROLE_SYSTEM));
}

/* An erasure's own line names nobody who is gone: it is found by its request id. */
static void audit(struct server *server, const struct request *request)
{
    static const char erased[] = "erased";
    const struct call *call = request->call;
    bool erases = is_erasure(request);
    bool own = call->user.bytes && strcmp(call->user.bytes, call->caller.id) == 0;

    log_output_audit(server->log, &(struct log_audit){
                                      .who = erases && own ? erased : call->caller.id,
                                      .what = http_method_name(request->method),
                                      .route = request->route->pattern,
                                      .user = erases             ? erased
                                              : call->user.bytes ? call->user.bytes
                                                                 : "",
                                      .course = call->course.bytes ? call->course.bytes : "",
                                      .status = request->status,
                                      .request_id = request->request_id,
                                  });
}

/* Too many, too large, too busy; or one of the budgets, whose refusals say how much there is "at most". */
static bool met_limit(const struct request *request)
{
    int status = request->status;

    return status == 413 || status == 429 || status == 503 ||
           ((status == 400 || status == 409) && strstr(request->refused, "at most"));
}

void serve_observe(struct face_context *context, struct request *request, uint64_t microseconds)
{
    struct server *server = server_of(context);
    size_t route = request->route ? (size_t)(request->route - face_routes.table) : face_routes.count;

    metrics_count(server->metrics, route, request->status, microseconds);
    if (request->refused && met_limit(request))
        metrics_refused(server->metrics, request->refused);
    log_answer(server, request, microseconds);
    if (is_privileged(request))
        audit(server, request);
}

static uint64_t count_descriptors(void)
{
    DIR *entries = opendir("/proc/self/fd");
    uint64_t count = 0;

    while (entries && readdir(entries))
        count++;
    if (entries)
        (void)closedir(entries);      /* it was only read */
    return count > 3 ? count - 3 : 0; /* ".", ".." and the one that looks */
}

static uint64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    char line[128] = "";

    if (!file)
        return 0;
    char *read = fgets(line, sizeof line, file); /* "size resident ..." in pages */
    (void)fclose(file);                          /* it was only read */
    const char *second = read ? strchr(line, ' ') : NULL;
    return second ? strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* The names that Prometheus has for any process. */
static void write_process(struct buf *out)
{
    struct rusage used = {.ru_utime = {0, 0}};
    struct rlimit files = {0, 0};

    (void)getrusage(RUSAGE_SELF, &used);    /* cannot fail */
    (void)getrlimit(RLIMIT_NOFILE, &files); /* likewise */
    double cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                   (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    buf_printf(out,
               "# HELP milepost_build_info What runs.\n# TYPE milepost_build_info gauge\n"
               "milepost_build_info{version=\"%s\"} 1\n"
               "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %.2f\n"
               "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %llu\n"
               "# TYPE process_open_fds gauge\nprocess_open_fds %llu\n"
               "# TYPE process_max_fds gauge\nprocess_max_fds %llu\n",
               MILEPOST_VERSION, cpu_s, (unsigned long long)resident_bytes(),
               (unsigned long long)count_descriptors(), (unsigned long long)files.rlim_cur);
}

static struct metrics_label label_of(void *arg, size_t route)
{
    (void)arg;
    return (struct metrics_label){http_method_name(face_routes.table[route].method),
                                  face_routes.table[route].pattern};
}

static void write_metrics(void *of, struct buf *out)
{
    struct server *server = of;

    metrics_write(server->metrics, label_of, NULL, out);
    serve_snapshots_write(&server->snapshots, out);
    write_process(out);
}

static bool is_read(size_t route)
{
    return face_routes.table[route].method == HTTP_GET;
}

static uint64_t count_reads(void *of)
{
    return metrics_answered(((struct server *)of)->metrics, is_read);
}

static void each_refusal(void *of, void (*visit)(void *arg, const char *limit, uint64_t count), void *arg)
{
    metrics_each_refusal(((struct server *)of)->metrics, visit, arg);
}

void serve_show_metrics(struct face_context *context)
{
    context->counted = server_of(context);
    context->write_metrics = write_metrics;
    context->count_reads = count_reads;
    context->each_refusal = each_refusal;
}
