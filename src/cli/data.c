#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/history.h"
#include "app/verify.h"
#include "base/ident.h"
#include "cli/log_copy.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "store/checkpoint.h"

/* verify, rebuild, erase: what an operator does with a data directory. */

static double rate(uint64_t count, int64_t ms)
{
    return (double)count * 1000 / (double)(ms > 0 ? ms : 1);
}

/* ---- verify ---- */

static void show_difference(void *arg, const char *text)
{
    (void)arg;
    (void)printf("difference: %s\n", text); /* nowhere else to say it */
}

int cli_verify(int argc, char **argv)
{
    struct settings settings;
    struct store *store;
    struct verify_result result;
    struct fault fault = {NULL, NULL};
    int words;
    int status = cli_read(argc, argv, NULL, 0, NULL, 0, &words, &settings);

    if (status == 0)
        status = cli_bring_reader(&settings);
    if (status == 0)
        status = cli_open_reader(&settings, &store);
    if (status)
        return status;
    int64_t began_ms = cli_now_ms();
    struct progress progress;
    struct verify_watch watch = {&progress, progress_show, show_difference};
    progress_begin(&progress, "verify", "events", store_counters(store).sequence);
    enum rc rc = verify_store(store, &watch, &result, &fault);
    int64_t spent_ms = cli_now_ms() - began_ms;
    progress_end(&progress);
    if (rc == RC_OK)
        (void)printf(
            "%s: %llu events, %llu learners, %llu courses, %llu items, %llu log entries; %llu differences"
            " (%.1f s, %.0f events/s)%s\n",
            result.differences ? "DIFFERENT" : "verified", (unsigned long long)result.events,
            (unsigned long long)result.learners, (unsigned long long)result.courses,
            (unsigned long long)result.items, (unsigned long long)result.logs,
            (unsigned long long)result.differences, (double)spent_ms / 1000, rate(result.events, spent_ms),
            result.has_checkpoint ? ""
            : result.overtaken    ? "; the checkpoint file is from before an erasure: start the server on it"
                               : "; there is no checkpoint file yet to compare"); /* nowhere else to say it */
    if (rc == RC_OK && result.differences)
        (void)printf("stop the server and run: milepost rebuild --data %s%s\n", settings.data,
                     *settings.database ? " --database URL" : ""); /* likewise; a URL may hold a password */
    status = rc == RC_OK ? (result.differences ? 1 : 0) : cli_complain(settings.data, fault_why(&fault));
    store_close(store);
    return status;
}

/* ---- rebuild ---- */

static enum rc rebuild(struct store *store, uint64_t *out_events, uint64_t *out_mended, struct fault *fault)
{
    struct progress progress;
    struct policy policy = {.now_ms = cli_now_ms, .progress_arg = &progress};
    struct engine *engine = NULL;
    enum rc rc = store_renew_begin(store, fault);

    progress_begin(&progress, "rebuild", "events", store_counters(store).sequence);
    if (rc == RC_OK)
        rc = engine_new(store, &policy, progress_show, &engine, fault);
    progress_end(&progress);
    if (rc == RC_OK) {
        rc = engine_checkpoint(engine, fault);
        *out_events = engine_state(engine).sequence;
    }
    engine_free(engine);
    if (rc == RC_OK)
        rc = verify_mend_logs(store, out_mended, fault);
    return rc == RC_OK ? store_renew_end(store, fault) : rc;
}

int cli_rebuild(int argc, char **argv)
{
    struct settings settings;
    struct store *store;
    struct fault fault = {NULL, NULL};
    uint64_t events = 0, mended = 0;
    int words;
    int status = cli_read(argc, argv, NULL, 0, NULL, 0, &words, &settings);

    if (status)
        return status;
    int64_t began_ms = cli_now_ms();
    if (!store_exists(settings.data))
        return cli_complain(settings.data, "there is no data in this directory");
    /* a node's: from its copy of the log, and, with a database, from what the log has more */
    const struct store_place place = cli_place(&settings);
    enum rc rc = *settings.database ? store_open(&place, &store, &fault)
                                    : store_open_alone(settings.data, &store, &fault);
    if (rc == RC_OK) {
        rc = rebuild(store, &events, &mended, &fault);
        store_close(store);
    }
    if (rc != RC_OK)
        return cli_complain(fault.field ? fault.field : settings.data, fault_why(&fault));
    int64_t spent_ms = cli_now_ms() - began_ms;
    (void)printf("rebuilt up to event %llu, %llu log entries mended (%.1f s, %.0f events/s)\n",
                 (unsigned long long)events, (unsigned long long)mended, (double)spent_ms / 1000,
                 rate(events, spent_ms)); /* nowhere else to say it */
    return 0;
}

/* ---- erase ---- */

static void say_nothing(struct command *command, struct view view)
{
    (void)command;
    (void)view;
}

static int erase(struct engine *engine, const char *user)
{
    struct arena arena;
    struct fault fault = {NULL, NULL};
    char id[IDENT_MAX_BYTES + 1];

    (void)snprintf(id, sizeof id, "%s", user); /* checked: it fits */
    ident_normalize(id, strlen(id));
    arena_init(&arena);
    struct command command = {
        .kind = CMD_ERASE,
        .face = FACE_LEARNER,
        .learner = {id, (uint32_t)strlen(id)},
        .arena = &arena,
        .actor = {"operator", 8},
        .encode = say_nothing,
    };
    enum rc rc = engine_run(engine, &command, NULL, NULL, &fault);
    if (rc == RC_OK && command.rc != RC_OK) {
        rc = command.rc;
        fault = command.fault;
    }
    arena_done(&arena);
    if (rc != RC_OK)
        return cli_complain("erase", fault_why(&fault));
    if (command.sequence)
        (void)printf("erased %u events; receipt: event %llu\n", command.count,
                     (unsigned long long)command.sequence); /* nowhere else to say it */
    else
        (void)printf("erased 0 events: nobody of that id is known\n"); /* likewise */
    return 0;
}

int cli_erase(int argc, char **argv)
{
    struct settings settings;
    struct store *store;
    struct engine *engine;
    const char *user = NULL;
    const struct cli_option own[] = {{"--user", &user}};
    int words;
    int status = cli_read(argc, argv, own, 1, NULL, 0, &words, &settings);

    if (status)
        return status;
    const char *problem = user ? ident_problem(user, strlen(user)) : "is required: the person to forget";
    if (problem) {
        (void)cli_complain("--user", problem);
        return 2;
    }
    status = cli_bring_copy(&settings);
    if (status)
        return status;
    if (!store_exists(settings.data))
        return cli_complain(settings.data, "there is no data in this directory");
    status = cli_open(&settings, &store, &engine);
    if (status == 0) {
        status = erase(engine, user);
        engine_free(engine);
        store_close(store);
    }
    return status;
}
