#include "cli/serve_joining.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/monotonic.h"
#include "cli/serve_answers.h"
#include "cli/serve_keys.h"
#include "cli/serve_parts.h"
#include "face/own/own_server.h"
#include "http/json_out.h"
#include "http/problem.h"
#include "store/log.h"

enum {
    HEAD_EVERY_MS = 1000,  /* how often the database is asked how long its log is by now */
    LIVES_AFTER_MS = 5000, /* a start that is longer than this says that it lives; before, that it starts */
};

static bool is_at(const struct request *request, const char *path)
{
    size_t size = strcspn(request->target, "?");
    return size == strlen(path) && strncmp(request->target, path, size) == 0;
}

/* As /readyz says it later, of what there is by now. */
static void tell_how_far(struct request *request, struct joining *joining)
{
    struct json_out out = {&request->out, false};
    uint64_t turn = atomic_load(&joining->turn), head = atomic_load(&joining->head);
    int64_t away_since_ms = atomic_load(&joining->away_since_ms);

    json_open(&out, '{');
    json_put_text(&out, "status", "joining");
    json_put_open(&out, "reasons", '[');
    const char *why = away_since_ms ? "the database cannot be reached" : "the node catches up with the log";
    json_text(&out, why, strlen(why));
    json_close(&out, ']');
    json_put_int(&out, "sequence", (int64_t)atomic_load(&joining->sequence));
    json_put_open(&out, "log", '{');
    json_put_int(&out, "turn", (int64_t)turn);
    json_put_int(&out, "head", (int64_t)head);
    json_put_int(&out, "behind", head > turn ? (int64_t)(head - turn) : 0);
    if (away_since_ms)
        json_put_instant(&out, "awaySince", away_since_ms);
    else
        json_put_null(&out, "awaySince");
    json_close(&out, '}');
    json_close(&out, '}');
    request->retry_after = true;
    request_reply(request, 503, "application/json");
}

static void put_gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %llu\n", name, help, name, name,
               (unsigned long long)value);
}

/* The figures that there are by now, under the names that they have later. */
static void put_metrics(struct request *request, struct joining *joining)
{
    struct buf *out = &request->out;

    put_gauge(out, "milepost_joining", "1: the node catches up with the log, and answers nothing yet.", 1);
    put_gauge(out, "milepost_writable", "1: writes are taken; 0: /readyz says why not.", 0);
    put_gauge(out, "milepost_log_turn", "The last turn of the log that this node's model holds.",
              atomic_load(&joining->turn));
    put_gauge(out, "milepost_log_head", "The log's last turn, as it was known last.",
              atomic_load(&joining->head));
    put_gauge(out, "milepost_log_away", "1: the database cannot be asked.",
              atomic_load(&joining->away_since_ms) != 0);
    request_reply(request, 200, "text/plain; version=0.0.4");
}

/* A node that catches up for long is alive: who ended it for being silent would never see it ready. But a
 * short start is not over for who waits for /healthz. metrics: whether the figures may be told to who asks,
 * as on metrics_listen. */
static void answer(struct request *request, struct joining *joining, bool metrics)
{
    bool gets = request->method == HTTP_GET;

    if (gets && is_at(request, "/healthz") && monotonic_ms() - joining->began_ms > LIVES_AFTER_MS)
        own_server_healthz(request);
    else if (gets && is_at(request, "/readyz"))
        tell_how_far(request, joining);
    else if (gets && metrics && is_at(request, "/metrics"))
        put_metrics(request, joining);
    else
        request_fail(request, RC_BUSY, &(struct fault){NULL, "the node catches up with the log; try again"});
}

static bool is_over(const struct server *server)
{
    return atomic_load_explicit(&server->joining.over, memory_order_acquire);
}

/* then: the judge of the listener once the node has joined. */
static void judge_by(void (*then)(struct request *request), struct request *request)
{
    struct server *server = server_of(request->server);

    if (is_over(server))
        then(request);
    else
        answer(request, &server->joining, then == dispatch_judge_metrics);
}

static void judge(struct request *request)
{
    judge_by(dispatch_judge, request);
}

static void judge_metrics(struct request *request)
{
    judge_by(dispatch_judge_metrics, request);
}

/* What was answered before is in no figure: they are not made yet. */
static void observe(struct face_context *context, struct request *request, uint64_t microseconds)
{
    struct server *server = server_of(context);

    if (is_over(server))
        serve_observe(context, request, microseconds);
}

/* The figures first: who is answered on a port finds their listener too. */
static enum rc listen_now(struct server *server, struct fault *fault)
{
    struct http_settings http = serve_listener(server);
    enum rc rc = serve_start_metrics(server, judge_metrics, observe, fault);

    http.judge = judge;
    http.observe = observe;
    return rc == RC_OK ? http_server_start(&http, &server->http, fault) : rc;
}

int serve_join_begin(struct server *server)
{
    struct fault fault = {NULL, NULL};

    if (!*server->settings.database)
        return 0;
    server->joining.began_ms = monotonic_ms();
    int status = serve_load_tls(&server->settings, &server->tls);
    if (status == 0 && listen_now(server, &fault) != RC_OK)
        status = serve_complain(fault.field, fault_why(&fault));
    return status;
}

void serve_join_see(void *arg, struct log *log, uint64_t turn, uint64_t sequence)
{
    struct server *server = arg;
    struct joining *joining = &server->joining;
    int64_t now_ms = monotonic_ms();
    struct log_head head;
    struct fault fault;

    if (!log) {
        if (!atomic_load(&joining->away_since_ms))
            atomic_store(&joining->away_since_ms, cli_now_ms());
        return;
    }
    atomic_store(&joining->away_since_ms, 0);
    atomic_store(&joining->turn, turn);
    if (sequence)
        atomic_store(&joining->sequence, sequence);
    if (joining->asked_ms && now_ms - joining->asked_ms < HEAD_EVERY_MS)
        return;
    joining->asked_ms = now_ms;
    if (log_head(log, &head, &fault) == RC_OK) /* else it is not known for another second */
        atomic_store(&joining->head, head.turn.number);
}

enum rc serve_join_end(struct server *server, struct fault *fault)
{
    atomic_store_explicit(&server->joining.over, true, memory_order_release);
    return server->http ? RC_OK : listen_now(server, fault);
}

static uint64_t sequence_of(void *engine)
{
    return engine_state(engine).sequence;
}

enum rc serve_join_enter(struct server *server, struct fault *fault)
{
    struct presence *presence = &server->presence;
    char host[256] = "";

    if (gethostname(host, sizeof host - 1) != 0)
        strcpy(host, "localhost"); /* fits */
    (void)snprintf(presence->name, sizeof presence->name, "%s:%u", host,
                   server->settings.ports.at[0]); /* fits */
    settings_put_alike(&server->settings, &presence->settings);
    buf_char(&presence->settings, '\0');
    if (presence->settings.failed)
        return fault_no_memory(fault);
    presence->said = (struct log_presence){
        .identity = store_identity(server->store),
        .name = presence->name,
        .settings = presence->settings.bytes,
        .sequence = sequence_of,
        .arg = server->engine,
    };
    return log_enter(engine_log(server->engine), &presence->said, fault);
}
