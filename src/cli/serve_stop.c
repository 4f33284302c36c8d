#include "cli/serve_stop.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "app/read_index.h"
#include "base/monotonic.h"
#include "face/jwks.h"
#include "app/retention.h"
#include "face/live/live_source.h"
#include "face/rates.h"

/* A drain ends when nothing was under way for QUIET_CHECKS looks, 10 ms apart. The process is gone END_MS
 * after it was told to stop, whatever still runs then. */
enum { DRAIN_MS = 8000, END_MS = 9500, UPSTREAM_DRAIN_MS = 5000, QUIET_CHECKS = 10 };

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

void serve_bound_stop(int status)
{
    late_status = status;
    (void)signal(SIGALRM, on_late);
    /* cannot fail */
    (void)setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {END_MS / 1000, END_MS % 1000 * 1000}}, NULL);
}

void serve_stop(struct server *server)
{
    serve_snapshots_stop(&server->snapshots);
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
    read_index_free(server->context.read_index);
    engine_free(server->engine);
    service_free(server->context.service);
    hub_free(server->context.hub);
    idempotency_free(server->context.answers);
    store_close(server->store);
    buf_done(&server->presence.settings); /* the log had it */
    auth_free(server->context.auth);
    zone_free(server->context.zone);
    limiter_free(server->context.limiter);
    retentions_free(server->context.retentions);
    rates_free(server->context.rates);
    metrics_free(server->metrics);
    tls_keys_free(server->tls);
}
