#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "auth/token.h"
#include "base/monotonic.h"
#include "cli/options.h"
#include "cli/serve_keys.h"
#include "face/dispatch.h"
#include "core/limits.h"
#include "face/face.h"
#include "face/live/live_source.h"
#include "face/jwks.h"
#include "face/write.h"
#include "app/retention.h"
#include "http/server.h"
#include "ops/metrics.h"

/* A drain ends when nothing was under way for QUIET_CHECKS looks, 10 ms apart. The process is gone END_MS
 * after it was told to stop, whatever still runs then. */
enum {
    DRAIN_MS = 8000,
    END_MS = 9500,
    UPSTREAM_DRAIN_MS = 5000,
    QUIET_CHECKS = 10,
    WORKERS = 4,
    EXIT_IO_ERROR = 74
};

static const char no_zone[] = "no such IANA time zone (is the package tzdata installed?)";

struct server {
    struct settings settings;
    struct store *store;
    struct engine *engine;
    struct face_context context;
    struct live_sink live;                   /* the engine's way to the hub */
    struct http_server *http, *metrics_http; /* the second: metrics_listen */
    struct metrics *metrics;
    atomic_int log_level;
    int argc; /* as the program was called: SIGHUP reads the settings again */
    char **argv;
};

static int complain(const char *what, const char *why)
{
    (void)fprintf(stderr, "milepost: %s: %s\n", what ? what : "serve", why); /* nowhere else to say it */
    return 1;
}

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

static void observe(struct face_context *context, const struct request *request, uint64_t microseconds)
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

/* The settings of the command line. 0, or an exit status. */
static int read_settings(int argc, char **argv, struct settings *out_settings, bool *out_checks)
{
    const char *check = NULL;
    const struct cli_option own[] = {{"--check-config", &check, true}};
    int words;
    int status = cli_read(argc, argv, own, 1, NULL, 0, &words, out_settings);

    *out_checks = check != NULL;
    return status;
}

static void reload_log_level(struct server *server)
{
    struct settings again;
    bool unused;

    if (read_settings(server->argc, server->argv, &again, &unused) == 0)
        atomic_store(&server->log_level, again.log_level);
    settings_done(&again);
}

/* The document's own default, for user_check = required without a URL. Contract 5. */
static const char default_user_service[] = "http://127.0.0.1:5001/api/users";

static int start_upstreams(struct server *server)
{
    const struct settings *settings = &server->settings;
    struct face_context *context = &server->context;
    struct fault fault = {NULL, NULL};
    const struct {
        const char *name;
        bool used;
    } upstreams[UPSTREAM_COUNT] = {
        [UPSTREAM_USERS] = {"users",
                            *settings->user_svc_base_url || settings->user_check == USER_CHECK_REQUIRED},
        [UPSTREAM_CMS] = {"cms", *settings->cms_base_url != '\0'},
        [UPSTREAM_JWKS] = {"jwks", *settings->jwks_url != '\0'},
    };
    enum rc rc = RC_OK;

    context->mock_data = settings->mock_data;
    context->demo = settings->demo;
    for (int i = 0; i < UPSTREAM_COUNT && rc == RC_OK; i++)
        if (upstreams[i].used)
            rc =
                fetcher_new(upstreams[i].name, settings->upstream_timeout_ms, &context->upstreams[i], &fault);
    if (rc == RC_OK && upstreams[UPSTREAM_USERS].used)
        rc = user_service_new(*settings->user_svc_base_url ? settings->user_svc_base_url
                                                           : default_user_service,
                              context->upstreams[UPSTREAM_USERS], &context->users, &fault);
    if (rc == RC_OK && upstreams[UPSTREAM_CMS].used)
        rc = cms_new(settings->cms_base_url, context->upstreams[UPSTREAM_CMS], settings->cache_ttl * 1000,
                     &context->cms, &fault);
    if (rc == RC_OK && upstreams[UPSTREAM_JWKS].used)
        rc = jwks_new(settings->jwks_url, context->upstreams[UPSTREAM_JWKS], serve_take_jwks,
                      auth_keys(context->auth), &context->jwks, &fault);
    return rc == RC_OK ? 0 : complain(fault.field, fault_why(&fault));
}

/* metrics_listen: a listener of its own, so that figures need no key and the main port can face the world. */
static enum rc start_metrics(struct server *server, const struct http_settings *like, struct fault *fault)
{
    const char *text = server->settings.metrics_listen, *colon = strrchr(text, ':');
    uint16_t port =
        (uint16_t)strtol(colon ? colon + 1 : text, NULL, 10); /* the setting's kind has checked it */
    struct http_settings http = *like;
    char address[64]; /* read at the start alone */

    if (!*text)
        return RC_OK;
    bool has_brackets = colon && text[0] == '[' && colon[-1] == ']';
    /* a cut one does not parse */
    (void)snprintf(address, sizeof address, "%.*s", colon ? (int)(colon - text) - 2 * has_brackets : 9,
                   colon ? text + has_brackets : "127.0.0.1");
    http.listen = address;
    http.ports = &port;
    http.port_count = 1;
    http.threads = 1;
    http.cors_origins = "";
    http.judge = dispatch_judge_metrics;
    enum rc rc = http_server_start(&http, &server->metrics_http, fault);
    if (rc != RC_OK)
        fault->field = "metrics_listen";
    return rc;
}

/* Streams leave a quarter of the descriptors to everything else. */
static enum rc start_hub(struct server *server, struct fault *fault)
{
    struct face_context *context = &server->context;
    struct rlimit files = {.rlim_cur = 2 * LIMIT_STREAMS};
    struct hub_settings hub = {
        .source = live_source(context),
        .worker = context->worker,
        .line_seed = context->line_seed,
        .per_user = (unsigned)server->settings.realtime_per_user,
        .streams_max = LIMIT_STREAMS,
    };

    (void)getrlimit(RLIMIT_NOFILE, &files); /* cannot fail */
    if (files.rlim_cur / 4 * 3 < hub.streams_max)
        hub.streams_max = (unsigned)(files.rlim_cur / 4 * 3);
    enum rc rc = hub_new(&hub, &context->hub, fault);
    if (rc != RC_OK)
        return rc;
    server->live = hub_sink(context->hub);
    engine_set_live(server->engine, &server->live);
    return RC_OK;
}

/* While events are folded at the start, SIGTERM and SIGINT come at once: the first ends the folding, a second
 * the process. */
static volatile sig_atomic_t told_to_stop;

static void on_stop(int number)
{
    if (told_to_stop)
        _exit(128 + number);
    told_to_stop = 1;
}

static bool is_told_to_stop(void)
{
    return told_to_stop;
}

static void watch_for_stop(bool on)
{
    sigset_t stops;

    (void)sigemptyset(&stops); /* nothing here can fail */
    (void)sigaddset(&stops, SIGTERM);
    (void)sigaddset(&stops, SIGINT);
    (void)pthread_sigmask(on ? SIG_UNBLOCK : SIG_BLOCK, &stops, NULL);
    (void)signal(SIGTERM, on ? on_stop : SIG_DFL);
    (void)signal(SIGINT, on ? on_stop : SIG_DFL);
}

static int start(struct server *server)
{
    struct settings *settings = &server->settings;
    struct face_context *context = &server->context;
    struct fault fault = {NULL, NULL};
    int status = cli_open_until(settings, is_told_to_stop, &server->store, &server->engine);

    /* what comes from here on waits until the start is over: no thread but main may take it */
    watch_for_stop(false);
    if (status == 0)
        status = serve_load_keys(settings, &context->auth);
    if (status == 0)
        status = start_upstreams(server);
    if (status)
        return status;
    context->zone = zone_new(settings->display_timezone);
    if (!context->zone)
        return complain("display_timezone", no_zone);
    server->metrics = metrics_new(face_routes.count);
    if (!server->metrics)
        return complain(NULL, "out of memory");
    context->metrics = server->metrics;
    context->write_metrics = write_metrics;
    atomic_store(&server->log_level, settings->log_level);
    if (service_new(server->engine, &context->service, &fault) != RC_OK)
        return complain(NULL, fault.message);
    context->webhook_jwt_required = settings->webhook_jwt == WEBHOOK_JWT_REQUIRED;
    context->video_auth_required = settings->video_auth == VIDEO_AUTH_REQUIRED;
    context->cors_origins = settings->cors_origins;
    context->now_ms = cli_now_ms;
    context->routes = &face_routes;
    if (!(context->retentions = retentions_new()))
        return complain(NULL, "out of memory");
    if (settings->rate_limit && !(context->limiter = limiter_new((uint32_t)settings->rate_limit)))
        return complain("rate_limit", "out of memory");
    struct http_settings http = {
        .listen = settings->listen,
        .ports = settings->ports.at,
        .port_count = settings->ports.count,
        .threads = (unsigned)settings->threads,
        .cors_origins = settings->cors_origins,
        .judge = dispatch_judge,
        .handle = dispatch_handle,
        .turn_over = face_turn_over,
        .observe = observe,
        .context = context,
    };
    if (worker_new(WORKERS, &context->worker) != RC_OK ||
        getrandom(&context->line_seed, sizeof context->line_seed, 0) < 0)
        return complain(NULL, "cannot start threads");
    enum rc rc = idempotency_new(server->store, cli_now_ms(), &context->answers, &fault);
    if (rc == RC_OK)
        rc =
            engine_set_threshold(server->engine, (uint16_t)settings->completion_threshold_hundredths, &fault);
    if (rc == RC_OK)
        rc = start_hub(server, &fault);
    if (rc == RC_OK)
        rc = engine_start(server->engine, &fault);
    if (rc == RC_OK)
        rc = http_server_start(&http, &server->http, &fault);
    if (rc == RC_OK)
        rc = start_metrics(server, &http, &fault);
    return rc == RC_OK ? 0 : complain(fault.field, fault_why(&fault));
}

/* A stop that takes too long (a long job that a worker is in, a disk that is slow) ends like a crash, after
 * which nothing that was answered is missing: the next start catches up. */
static int late_status;

static void on_late(int number)
{
    static const char text[] = "milepost: stopping took too long; the next start catches up\n";
    ssize_t size = write(STDERR_FILENO, text, sizeof text - 1);

    (void)number;
    (void)size; /* for whoever watches */
    _exit(late_status);
}

static void bound_stop(int status)
{
    late_status = status;
    (void)signal(SIGALRM, on_late);
    /* cannot fail */
    (void)setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {END_MS / 1000, END_MS % 1000 * 1000}}, NULL);
}

/* Refuse new connections, answer what was accepted, then stop. Source: reliability R12. */
static void stop(struct server *server)
{
    if (server->http) {
        http_server_quiesce(server->http);
        int64_t began_ms = monotonic_ms(), waited_ms = 0;
        hub_stop(server->context.hub);
        bool upstreams = true;
        for (int quiet = 0; waited_ms < DRAIN_MS && quiet < QUIET_CHECKS;
             waited_ms = monotonic_ms() - began_ms) {
            quiet = http_server_open_requests(server->http) ? 0 : quiet + 1;
            bool enough = upstreams && waited_ms >= UPSTREAM_DRAIN_MS;
            upstreams = upstreams && !enough;
            for (int i = 0; i < UPSTREAM_COUNT && enough; i++)
                fetcher_stop(
                    server->context
                        .upstreams[i]); /* who still waits for another service is answered without it */
            (void)nanosleep(&(struct timespec){0, 10000000}, NULL); /* woken early: looks again */
        }
        if (server->context.worker)
            worker_close(server->context.worker);
        http_server_stop(server->http);
    }
    http_server_stop(server->metrics_http); /* its answers wait for nothing */
    worker_free(server->context.worker);
    for (int i = 0; i < UPSTREAM_COUNT; i++)
        fetcher_free(server->context.upstreams[i]);
    user_service_free(server->context.users);
    cms_free(server->context.cms);
    jwks_free(server->context.jwks);
    hub_settle(server->context.hub);
    engine_free(server->engine);
    service_free(server->context.service);
    hub_free(server->context.hub);
    idempotency_free(server->context.answers);
    store_close(server->store);
    auth_free(server->context.auth);
    zone_free(server->context.zone);
    limiter_free(server->context.limiter);
    retentions_free(server->context.retentions);
    metrics_free(server->metrics);
}

/* What goes wrong, and right again, is said once each. Writes that fail and the checkpoint file are said
 * where they fail. */
struct watch {
    bool stalled, behind, resting[UPSTREAM_COUNT];
};

static void say_change(bool *inout, bool now, const char *what, const char *wrong, const char *right)
{
    if (*inout != now)
        (void)fprintf(stderr, "milepost: %s: %s\n", what, now ? wrong : right); /* for whoever watches */
    *inout = now;
}

static void look_around(struct server *server, struct watch *watch, const struct engine_state *state)
{
    say_change(&watch->stalled, state->stalled, "events.db", "a commit hangs; writes are refused",
               "commits again");
    say_change(&watch->behind, state->behind, "checkpoint.db", "too far behind; writes are refused",
               "has caught up; writes are taken");
    for (int i = 0; i < UPSTREAM_COUNT; i++)
        if (server->context.upstreams[i]) {
            struct fetcher_state upstream = fetcher_state(server->context.upstreams[i]);
            say_change(&watch->resting[i], upstream.rest != FETCHER_WORKS, upstream.name,
                       "failed 5 times in a row; left alone for 5 s at a time", "answers again");
        }
}

/* Waits for a signal, looking now and then whether the store still works: R9. */
static int wait_for_end(struct server *server, const sigset_t *signals)
{
    struct watch watch = {false, false, {false}};

    for (;;) {
        int signal = sigtimedwait(signals, NULL, &(struct timespec){1, 0});
        if (signal == SIGTERM || signal == SIGINT)
            return 0;
        if (signal == SIGHUP) {
            serve_reload_keys(&server->settings, server->context.auth, server->context.jwks);
            reload_log_level(server);
        }
        struct engine_state state = engine_state(server->engine);
        if (state.broken)
            return EXIT_IO_ERROR;
        look_around(server, &watch, &state);
    }
}

/* As many descriptors as the system allows: a connection each. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* fewer connections then */
    }
}

/* --check-config: 0, or an exit status; what is wrong was said. */
static int check(const struct settings *settings)
{
    struct zone *zone = zone_new(settings->display_timezone);
    int status = zone ? serve_check_keys(settings) : complain("display_timezone", no_zone);

    zone_free(zone);
    if (status == 0)
        (void)printf("milepost: the settings are fine\n"); /* nowhere else to say it */
    return status ? 2 : 0;
}

int cli_serve(int argc, char **argv)
{
    struct server server = {.argc = argc, .argv = argv};
    sigset_t signals;
    bool checks;

    int wrong = read_settings(argc, argv, &server.settings, &checks);
    if (wrong == 0 && checks)
        wrong = check(&server.settings);
    if (wrong || checks) {
        settings_done(&server.settings);
        return wrong;
    }
    (void)sigemptyset(&signals); /* cannot fail */
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread starts: all inherit it */
    (void)signal(SIGPIPE, SIG_IGN);
    watch_for_stop(true);
    raise_descriptor_limit();
    int status = start(&server);
    if (told_to_stop) {
        (void)fprintf(stderr, "milepost: stopped during the start\n"); /* for whoever watches */
        status = 0;
    } else if (status == 0) {
        for (int i = 0; i < server.settings.ports.count; i++)
            (void)fprintf(stderr, "milepost: listening on http://%s:%u\n", server.settings.listen,
                          server.settings.ports.at[i]); /* for whoever watches */
        status = wait_for_end(&server, &signals);
        (void)signal(SIGHUP, SIG_IGN); /* nothing is read again, and it must not end what is being written */
        /* a second SIGTERM ends it at once; one that comes while it ends by itself is the first */
        if (status == 0)
            (void)pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    }
    bound_stop(status);
    stop(&server);
    (void)setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL); /* it is over */
    settings_done(&server.settings);
    return status;
}
