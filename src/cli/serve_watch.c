#include "cli/serve_watch.h"

#include <stdio.h>
#include <time.h>

#include "base/monotonic.h"
#include "cli/serve_keys.h"
#include "ops/notify.h"

enum { EXIT_IO_ERROR = 74, WAIT_MS = 1000 };

/* One setting that is another than before. arg: the values of now. */
static void say_difference(void *arg, int row)
{
    const struct settings *again = arg;
    const struct setting *setting = &settings_rows[row];

    (void)fprintf(stderr, "<5>milepost: %s: %s%s\n", setting->name, setting->live ? "now " : "changed; ",
                  setting->live ? again->said[row] : "that takes a restart"); /* for whoever watches */
}

static void reload_settings(struct server *server)
{
    struct settings again;
    bool unused;

    if (serve_read_settings(server->argc, server->argv, &again, &unused) == 0) {
        settings_take_live(&server->settings, &again, say_difference, &again);
        log_output_set(server->log, server->settings.log_format, server->settings.log_level);
        atomic_store(&server->access_log, server->settings.access_log);
    } else {
        (void)serve_complain("settings", "none of them was taken over"); /* what is wrong was said */
    }
    settings_done(&again);
}

/* What goes wrong, and right again, is said once each. Writes that fail and the checkpoint file are said
 * where they fail. */
struct watch {
    bool stalled, behind, resting[UPSTREAM_COUNT];
};

static void say_change(bool *inout, bool now, const char *what, const char *wrong, const char *right)
{
    if (*inout != now)
        (void)fprintf(stderr, "<%d>milepost: %s: %s\n", now ? 3 : 6, what,
                      now ? wrong : right); /* for whoever watches */
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

int serve_wait(struct server *server, const sigset_t *signals)
{
    struct watch watch = {false, false, {false}};
    int64_t watchdog_ms = notify_watchdog_ms(), told_ms = 0;

    for (;;) {
        if (watchdog_ms && monotonic_ms() - told_ms >= watchdog_ms - WAIT_MS) {
            notify_manager("WATCHDOG=1");
            told_ms = monotonic_ms();
        }
        int signal = sigtimedwait(signals, NULL, &(struct timespec){1, 0});
        if (signal == SIGTERM || signal == SIGINT)
            return 0;
        if (signal == SIGHUP) {
            serve_reload_keys(&server->settings, &server->keys, server->context.auth, server->context.jwks);
            serve_reload_tls(&server->settings, server->tls);
            reload_settings(server);
        }
        struct engine_state state = engine_state(server->engine);
        if (state.broken)
            return EXIT_IO_ERROR;
        look_around(server, &watch, &state);
        serve_snapshots_look(&server->snapshots, &server->settings, server->argc, server->argv);
    }
}
