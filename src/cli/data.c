#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/history.h"
#include "app/verify.h"
#include "base/ident.h"
#include "cli/options.h"
#include "store/checkpoint.h"

/* verify, rebuild, backup, restore, erase: what an operator does with a data directory. */

static double rate(uint64_t count, int64_t ms)
{
    return (double)count * 1000 / (double)(ms > 0 ? ms : 1);
}

/* ---- verify ---- */

static void show_events(void *arg, uint64_t events)
{
    int64_t spent_ms = cli_now_ms() - *(int64_t *)arg;

    if (isatty(STDERR_FILENO))
        (void)fprintf(stderr, "\rmilepost verify: %llu events, %.0f/s ", (unsigned long long)events,
                      rate(events, spent_ms)); /* to a terminal */
}

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
        status = cli_open_reader(&settings, &store);
    if (status)
        return status;
    int64_t began_ms = cli_now_ms();
    struct verify_watch watch = {&began_ms, show_events, show_difference};
    enum rc rc = verify_store(store, &watch, &result, &fault);
    int64_t spent_ms = cli_now_ms() - began_ms;
    if (isatty(STDERR_FILENO))
        (void)fprintf(stderr, "\r%60s\r", ""); /* to a terminal */
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
        (void)printf("stop the server and run: milepost rebuild --data %s\n", settings.data); /* likewise */
    status = rc == RC_OK ? (result.differences ? 1 : 0) : cli_complain(settings.data, fault_why(&fault));
    store_close(store);
    return status;
}

/* ---- rebuild ---- */

static void show_folded(uint64_t folded)
{
    if (isatty(STDERR_FILENO))
        (void)fprintf(stderr, "\rmilepost rebuild: %llu events folded ",
                      (unsigned long long)folded); /* to a terminal */
}

static enum rc rebuild(struct store *store, uint64_t *out_events, uint64_t *out_mended, struct fault *fault)
{
    struct policy policy = {.now_ms = cli_now_ms};
    struct engine *engine = NULL;
    enum rc rc = store_renew_begin(store, fault);

    if (rc == RC_OK)
        rc = engine_new(store, &policy, show_folded, &engine, fault);
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
    enum rc rc = store_open(&(struct store_place){.directory = settings.data}, &store, &fault);
    if (rc == RC_OK) {
        rc = rebuild(store, &events, &mended, &fault);
        store_close(store);
    }
    if (isatty(STDERR_FILENO))
        (void)fprintf(stderr, "\r%60s\r", ""); /* to a terminal */
    if (rc != RC_OK)
        return cli_complain(settings.data, fault_why(&fault));
    int64_t spent_ms = cli_now_ms() - began_ms;
    (void)printf("rebuilt up to event %llu, %llu log entries mended (%.1f s, %.0f events/s)\n",
                 (unsigned long long)events, (unsigned long long)mended, (double)spent_ms / 1000,
                 rate(events, spent_ms)); /* nowhere else to say it */
    return 0;
}

/* ---- backup, restore ---- */

/* FILE and the settings of the command line. 0, or an exit status. */
static int read_file_argument(int argc, char **argv, const char **out_file, struct settings *out_settings)
{
    int words;
    int status = cli_read(argc, argv, NULL, 0, out_file, 1, &words, out_settings);

    if (status == 0 && !*out_file) {
        (void)fprintf(stderr, "usage: milepost %s FILE [--data DIR]\n", argv[1]); /* nowhere else to say it */
        status = 2;
    }
    return status;
}

int cli_backup(int argc, char **argv)
{
    struct settings settings;
    struct fault fault = {NULL, NULL};
    const char *file = NULL;
    uint64_t events = 0;
    int status = read_file_argument(argc, argv, &file, &settings);

    if (status)
        return status;
    if (store_backup(settings.data, file, &events, &fault) != RC_OK)
        return cli_complain(settings.data, fault_why(&fault));
    (void)printf("backed up %llu events\n", (unsigned long long)events); /* likewise */
    return 0;
}

/* Into a directory beside, judged there. */
static enum rc restore_beside(const char *beside, const char *file, uint64_t *out_events, struct fault *fault)
{
    struct store *store;
    enum rc rc = store_restore(beside, file, out_events, fault);

    if (rc == RC_OK)
        rc = store_open(&(struct store_place){.directory = beside}, &store, fault);
    if (rc != RC_OK)
        return rc;
    rc = cli_check_store(store, fault);
    store_close(store);
    return rc;
}

int cli_restore(int argc, char **argv)
{
    struct settings settings;
    struct fault fault = {NULL, NULL};
    const char *file = NULL;
    char beside[4096];
    uint64_t events = 0;
    int status = read_file_argument(argc, argv, &file, &settings);

    if (status)
        return status;
    if (store_exists(settings.data))
        return cli_complain(settings.data, "the data directory is not empty; nothing was changed");
    if (snprintf(beside, sizeof beside, "%s/restore.part", settings.data) >= (int)sizeof beside)
        return cli_complain("data", "the path is too long");
    if (cli_make_directory(settings.data) != 0)
        return 1;
    store_remove(beside); /* what a restore that was killed left */
    enum rc rc =
        cli_make_directory(beside) == 0 ? restore_beside(beside, file, &events, &fault) : RC_INTERNAL;
    if (rc == RC_OK)
        rc = store_replace_empty(settings.data, beside, &fault);
    store_remove(beside);
    if (rc != RC_OK)
        return cli_complain(rc == RC_CONFLICT ? settings.data : file,
                            fault_why(&fault) ? fault_why(&fault) : "cannot be restored");
    (void)printf("restored %llu events\n", (unsigned long long)events); /* likewise */
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
    const char *problem = user ? ident_problem(user, strlen(user)) : "needs a value";
    if (problem) {
        (void)cli_complain("--user", problem);
        return 2;
    }
    if (!store_exists(settings.data))
        return cli_complain(settings.data, "there is no data in this directory");
    status = cli_open(&settings, &store, &engine);
    if (status)
        return status;
    status = erase(engine, user);
    engine_free(engine);
    store_close(store);
    return status;
}
