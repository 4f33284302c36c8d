#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/cli.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *text;
} commands[] = {
    {"serve", cli_serve, "run the server"},
    {"token", cli_token, "print a token: --sub ID [--role ROLE] [--ttl SECONDS] [--data DIR]"},
    {"import", cli_import,
     "load an export into an empty data directory: import FILE [--data DIR];"
     " or Open University data: import oulad DIR [--course ID]"},
    {"export", cli_export, "write everything, or one person, as JSON Lines: [--user ID] [--out FILE]"},
    {"verify", cli_verify, "fold all events again and compare every figure; may run beside the server"},
    {"rebuild", cli_rebuild, "make every figure again from the events"},
    {"backup", cli_backup, "copy the data, also of a running server, into a new file: backup FILE"},
    {"restore", cli_restore, "put a backup into an empty data directory, after checking it: restore FILE"},
    {"erase", cli_erase, "forget a person: --user ID (on a running server: DELETE /api/v1/users/ID)"},
};

int64_t cli_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void show_progress(uint64_t folded)
{
    /* nowhere else to say it */
    (void)fprintf(stderr, "milepost: %llu events folded\n", (unsigned long long)folded);
}

int cli_make_directory(const char *path)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return 0;
    /* nowhere else to say it */
    (void)fprintf(stderr, "milepost: data: cannot make %s: %s\n", path, strerror(errno));
    return 1;
}

static void say(const char *what, const char *why)
{
    (void)fprintf(stderr, "milepost: %s: %s\n", what, why); /* nowhere else to say it */
}

int cli_open_until(const struct settings *settings, bool (*stop)(void), struct store **out_store,
                   struct engine **out_engine)
{
    struct fault fault = {NULL, NULL};
    struct policy policy = {
        .strict_catalog = settings->catalog == CATALOG_STRICT,
        .explicit_enrolment = settings->enroll == ENROLL_EXPLICIT,
        .now_ms = cli_now_ms,
        .say = say,
        .stop = stop,
    };

    if (cli_make_directory(settings->data) != 0)
        return 1;
    enum rc rc = store_open(&(struct store_place){.directory = settings->data}, out_store, &fault);
    if (rc == RC_OK) {
        rc = engine_new(*out_store, &policy, show_progress, out_engine, &fault);
        if (rc != RC_OK) {
            store_close(*out_store);
            *out_store = NULL;
        }
    }
    if (rc != RC_OK && !(stop && stop()))
        say(settings->data, fault_why(&fault));
    return rc == RC_OK ? 0 : 1;
}

int cli_open(const struct settings *settings, struct store **out_store, struct engine **out_engine)
{
    return cli_open_until(settings, NULL, out_store, out_engine);
}

static void help(FILE *out)
{
    /* to a terminal */
    (void)fprintf(out, "milepost keeps every learner's progress.\n\nusage: milepost COMMAND [...]\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        (void)fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].text); /* likewise */
    (void)fprintf(out, "\n");                                                  /* likewise */
    settings_help(out);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";

    (void)umask(077); /* learners' data is nobody else's to read */

    if (argc > 2 && strcmp(argv[2], "--help") == 0)
        name = "--help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
        help(stdout);
        return argc > 1 ? 0 : 2;
    }
    if (strcmp(name, "--settings-markdown") == 0) {
        settings_markdown(stdout);
        return 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc, argv);
    (void)fprintf(stderr, "milepost: %s: no such command (see milepost --help)\n", name); /* nowhere else */
    return 2;
}
