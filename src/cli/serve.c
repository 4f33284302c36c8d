#include "cli/serve.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "app/read_index.h"
#include "cli/options.h"
#include "cli/serve_answers.h"
#include "cli/serve_joining.h"
#include "cli/serve_keys.h"
#include "cli/serve_parts.h"
#include "cli/serve_stop.h"
#include "cli/serve_watch.h"
#include "face/dispatch.h"
#include "face/face.h"
#include "face/rates.h"
#include "app/retention.h"
#include "ops/notify.h"
#include "store/log.h"

enum { WORKERS = 4 };

int serve_complain(const char *what, const char *why)
{
    (void)fprintf(stderr, "milepost: %s: %s\n", what ? what : "serve", why); /* nowhere else to say it */
    return 1;
}

int serve_read_settings(int argc, char **argv, struct settings *out_settings, bool *out_checks)
{
    const char *check = NULL;
    const struct cli_option own[] = {{"--check-config", &check, true}};
    int words;
    int status = cli_read(argc, argv, own, 1, NULL, 0, &words, out_settings);

    *out_checks = check != NULL;
    return status;
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

static const char no_zone[] = "no such IANA time zone (is the package tzdata installed?)";

/* Settings that are judged together, or by what this machine has. 0, or an exit status. */
static int check_settings(const struct settings *settings)
{
    struct zone *zone = zone_new(settings->display_timezone);
    int status = zone ? 0 : serve_complain("display_timezone", no_zone);

    zone_free(zone);
    if (!*settings->oidc_issuer != !*settings->oidc_client_id)
        status =
            serve_complain(*settings->oidc_issuer ? "oidc_client_id" : "oidc_issuer", "must be given too");
    return status;
}

/* What the faces are told of the settings, and what they hold of their own. 0, or an exit status. */
static int prepare_faces(struct server *server)
{
    const struct settings *settings = &server->settings;
    struct face_context *context = &server->context;
    struct fault fault = {NULL, NULL};

    context->zone = zone_new(settings->display_timezone);
    if (!context->zone)
        return serve_complain("display_timezone", no_zone);
    if (service_new(server->engine, &context->service, &fault) != RC_OK)
        return serve_complain(NULL, fault.message);
    server->metrics = metrics_new(face_routes.count);
    context->retentions = retentions_new();
    context->rates = rates_new();
    if (!server->metrics || !context->retentions || !context->rates)
        return serve_complain(NULL, "out of memory");
    if (settings->rate_limit && !(context->limiter = limiter_new((uint32_t)settings->rate_limit)))
        return serve_complain("rate_limit", "out of memory");
    serve_show_metrics(context);
    atomic_store(&server->access_log, settings->access_log);
    context->webhook_jwt_required = settings->webhook_jwt == WEBHOOK_JWT_REQUIRED;
    context->video_auth_required = settings->video_auth == VIDEO_AUTH_REQUIRED;
    context->cors_origins = settings->cors_origins;
    context->oidc_issuer = settings->oidc_issuer;
    context->oidc_client_id = settings->oidc_client_id;
    context->reads_local = settings->read_consistency == READ_LOCAL;
    context->now_ms = cli_now_ms;
    context->started_at_ms = cli_now_ms();
    context->routes = &face_routes;
    if (worker_new(WORKERS, &context->worker) != RC_OK ||
        getrandom(&context->line_seed, sizeof context->line_seed, 0) < 0)
        return serve_complain(NULL, "cannot start threads");
    return 0;
}

/* The engine, who watches it, and at last the ports. */
static enum rc start_parts(struct server *server, struct fault *fault)
{
    const struct settings *settings = &server->settings;
    struct face_context *context = &server->context;
    enum rc rc = idempotency_new(server->store, cli_now_ms(), &context->answers, fault);

    if (rc != RC_OK)
        return rc;
    engine_set_answers(server->engine, context->answers);
    rc = serve_join_enter(server, fault);
    if (rc == RC_OK)
        rc = engine_set_threshold(server->engine, (uint16_t)settings->completion_threshold_hundredths, fault);
    if (rc == RC_OK)
        rc = serve_start_hub(server, fault);
    if (rc == RC_OK)
        rc = engine_start(server->engine, fault);
    if (rc == RC_OK && log_is_shared(engine_log(server->engine)))
        rc = read_index_new(server->engine, cli_say, &context->read_index, fault);
    if (rc == RC_OK)
        rc = serve_join_end(server, fault);
    return rc;
}

static int start(struct server *server)
{
    struct settings *settings = &server->settings;
    struct fault fault = {NULL, NULL};
    const struct cli_start_watch watch = {is_told_to_stop, serve_join_see, server};

    watch_for_stop(true);
    int status = cli_open_until(settings, &watch, &server->store, &server->engine);

    /* what comes from here on waits until the start is over: no thread but main may take it */
    watch_for_stop(false);
    if (status == 0 && !(server->log = log_output_start(settings->log_format, settings->log_level)))
        status = serve_complain(NULL, "out of memory");
    if (status == 0) {
        server->keys.log = engine_log(server->engine);
        status = serve_load_keys(settings, store_counters(server->store).sequence > 0, &server->keys,
                                 &server->context.auth);
    }
    if (status == 0 && !server->tls)
        status = serve_load_tls(settings, &server->tls);
    if (status == 0)
        status = serve_start_upstreams(server);
    if (status == 0)
        status = prepare_faces(server);
    if (status == 0 && start_parts(server, &fault) != RC_OK)
        status = serve_complain(fault.field, fault_why(&fault));
    return status;
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
    int status = check_settings(settings);

    status |= serve_check_keys(settings);
    status |= serve_check_addresses(settings);
    status |= serve_snapshots_check(settings);
    if (status == 0)
        (void)printf("milepost: the settings are fine\n"); /* nowhere else to say it */
    return status ? 2 : 0;
}

static void say_address(const struct server *server, uint16_t port)
{
    const char *listen = server->settings.listen;
    bool has_colons = strchr(listen, ':') != NULL;

    (void)fprintf(stderr, "<5>milepost: listening on %s://%s%s%s:%u\n", server->tls ? "https" : "http",
                  has_colons ? "[" : "", listen, has_colons ? "]" : "", port); /* for whoever watches */
}

/* Tokens that cross a network unread are what TLS is for. */
static void warn_of_plain_text(const struct server *server)
{
    const char *listen = server->settings.listen;

    if (!server->tls && strncmp(listen, "127.", 4) != 0 && strcmp(listen, "localhost") != 0 &&
        strcmp(listen, "::1") != 0)
        (void)fprintf(
            stderr,
            "<4>milepost: listen: %s is reached from elsewhere, and without tls_cert_file tokens are sent"
            " in plain text; let a proxy that speaks TLS stand before it\n",
            listen); /* likewise */
}

int cli_serve(int argc, char **argv)
{
    struct server server = {.argc = argc, .argv = argv};
    sigset_t signals;
    bool checks;

    int wrong = serve_read_settings(argc, argv, &server.settings, &checks);
    if (wrong == 0)
        wrong = checks ? check(&server.settings) : check_settings(&server.settings);
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
    raise_descriptor_limit();
    int status = serve_join_begin(&server); /* its threads take no signal */
    if (status == 0)
        status = start(&server);
    if (told_to_stop) {
        (void)fprintf(stderr, "%smilepost: stopped during the start\n",
                      server.log ? "<6>" : ""); /* for whoever watches; without the log nobody takes levels */
        status = 0;
    } else if (status == 0) {
        for (int i = 0; i < server.settings.ports.count; i++)
            say_address(&server, server.settings.ports.at[i]);
        warn_of_plain_text(&server);
        notify_manager("READY=1");
        status = serve_wait(&server, &signals);
        notify_manager("STOPPING=1");
        (void)signal(SIGHUP, SIG_IGN); /* nothing is read again, and it must not end what is being written */
        /* a second SIGTERM ends it at once; one that comes while it ends by itself is the first */
        if (status == 0)
            (void)pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    }
    serve_bound_stop(status);
    serve_stop(&server);
    (void)setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL); /* it is over */
    log_output_stop(server.log);
    settings_done(&server.settings);
    return status;
}
