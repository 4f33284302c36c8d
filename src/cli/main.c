#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/manual.h"
#include "cli/progress.h"
#include "cli/temporary.h"
#include "face/openapi.h"
#include "face/dispatch.h"
#include "store/log.h"

enum { AGAIN_MS = 300 /* how long a start waits before it asks a database again */ };

int64_t cli_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One directory. EEXIST is fine. */
static int make_one(const char *setting, const char *path, const char *wanted)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return 0;
    /* nowhere else to say it */
    (void)fprintf(stderr, "milepost: %s: cannot make %s: %s\n", setting, wanted, strerror(errno));
    return 1;
}

int cli_make_directory(const char *setting, const char *path)
{
    char part[4096];
    size_t size = strlen(path);

    if (size >= sizeof part)
        return make_one(setting, path, path); /* says that the name is too long */
    memcpy(part, path, size + 1);
    for (size_t i = 1; i < size; i++)
        if (part[i] == '/') {
            part[i] = '\0';
            int status = make_one(setting, part, path);
            part[i] = '/';
            if (status)
                return status;
        }
    return make_one(setting, path, path);
}

void cli_say(const char *what, const char *why)
{
    (void)fprintf(stderr, "milepost: %s: %s\n", what, why); /* nowhere else to say it */
}

struct store_place cli_place(const struct settings *settings)
{
    return (struct store_place){
        .directory = settings->data,
        .database = *settings->database ? settings->database : NULL,
        .log = settings->database_log,
    };
}

/* The copy of a log that went back, or is another, is worth nothing to this node; but to the operator it may
 * be: it has what the log lost. */
static enum rc set_aside(const struct settings *settings, struct fault *fault)
{
    char name[64];

    (void)snprintf(name, sizeof name, "astray-%lld.db", (long long)cli_now_ms()); /* fits */
    enum rc rc = store_set_aside(settings->data, name, fault);
    if (rc == RC_OK)
        /* for whoever watches */
        (void)fprintf(
            stderr,
            "milepost: database: the log is not the one that this node has followed (it went back, or"
            " is another). What was copied of it is kept in %s/%s; the node begins anew\n",
            settings->data, name);
    return rc;
}

/* A start under way. */
struct start {
    struct progress folding, following;
    bool follows;
    const struct cli_start_watch *watch; /* NULL: nobody */
    struct store *store;
};

static void see(const struct start *start, uint64_t turn, uint64_t sequence)
{
    if (start->watch)
        start->watch->see(start->watch->arg, store_event_log(start->store), turn, sequence);
}

static void note_folded(void *arg, uint64_t folded)
{
    struct start *start = arg;

    progress_show(&start->folding, folded);
    see(start, store_copied(start->store).number, 0);
}

static void note_followed(void *arg, uint64_t turn, uint64_t sequence)
{
    struct start *start = arg;

    if (!start->follows) {
        progress_end(&start->folding);
        progress_begin(&start->following, "reading the log", "events", 0);
        start->follows = true;
    }
    progress_show(&start->following, sequence);
    see(start, turn, sequence);
}

static enum rc open_once(const struct settings *settings, struct policy *policy, struct store **out_store,
                         struct engine **out_engine, struct fault *fault)
{
    struct store_place place = cli_place(settings);
    struct start *start = policy->progress_arg;

    place.say = policy->say;
    enum rc rc = store_open(&place, out_store, fault);

    if (rc != RC_OK)
        return rc;
    start->store = *out_store;
    start->follows = false;
    progress_begin(&start->folding, "folding", "events", store_counters(*out_store).sequence);
    rc = engine_new(*out_store, policy, note_folded, out_engine, fault);
    progress_end(start->follows ? &start->following : &start->folding);
    if (rc == RC_OK)
        return RC_OK;
    store_close(*out_store);
    *out_store = NULL;
    if (rc != RC_CONFLICT || !place.database)
        return rc;
    rc = set_aside(settings, fault);
    return rc == RC_OK ? fault_set(fault, RC_BUSY, NULL, "the node begins anew") : rc;
}

int cli_open_until(const struct settings *settings, const struct cli_start_watch *watch,
                   struct store **out_store, struct engine **out_engine)
{
    struct fault fault = {NULL, NULL};
    struct start start = {.watch = watch};
    struct policy policy = {
        .progress_arg = &start,
        .followed = note_followed,
        .strict_catalog = settings->catalog == CATALOG_STRICT,
        .explicit_enrolment = settings->enroll == ENROLL_EXPLICIT,
        .now_ms = cli_now_ms,
        .say = cli_say,
        .stop = watch ? watch->stop : NULL,
    };

    if (cli_make_directory("data", settings->data) != 0)
        return 1;
    enum rc rc = open_once(settings, &policy, out_store, out_engine, &fault);
    for (bool said = false; rc == RC_BUSY && *settings->database && watch && !watch->stop(); said = true) {
        watch->see(watch->arg, NULL, 0, 0);
        if (!said)
            cli_say("database", fault_why(&fault));
        (void)nanosleep(&(struct timespec){0, AGAIN_MS * 1000000}, NULL); /* cut is fine */
        rc = open_once(settings, &policy, out_store, out_engine, &fault);
    }
    if (rc != RC_OK && !(watch && watch->stop()))
        cli_say(fault.field ? fault.field : settings->data, fault_why(&fault));
    if (rc == RC_OK && log_note(engine_log(*out_engine)))
        cli_say("database", log_note(engine_log(*out_engine)));
    return rc == RC_OK ? 0 : 1;
}

int cli_open(const struct settings *settings, struct store **out_store, struct engine **out_engine)
{
    return cli_open_until(settings, NULL, out_store, out_engine);
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

/* milepost help [COMMAND] */
static int help(int argc, char **argv)
{
    const struct cli_command *command = argc > 2 ? cli_command_find(argv[2]) : NULL;

    if (argc > 2 && !command)
        return cli_unknown_command(argv[2]);
    if (command)
        cli_help_command(stdout, command);
    else
        cli_help(stdout);
    return 0;
}

static void example_config(FILE *out)
{
    manual_example_config(out, "/var/lib/milepost");
}

static void openapi(FILE *out)
{
    struct buf text = {0};

    openapi_write(&face_routes, &text);
    if (!text.failed)
        (void)fwrite(text.bytes, 1, text.size, out); /* nowhere else to say it */
    buf_done(&text);
}

/* What is made of the tables, for documents and packages. */
static bool print_paper(const char *name)
{
    static const struct {
        const char *name;
        void (*write)(FILE *out);
    } papers[] = {
        {"--settings-markdown", settings_markdown},
        {"--bash-completion", cli_completion},
        {"--manual-1", manual_commands},
        {"--manual-5", manual_settings},
        {"--example-config", example_config},
        {"--openapi", openapi},
    };
    for (size_t i = 0; i < sizeof papers / sizeof *papers; i++)
        if (strcmp(name, papers[i].name) == 0) {
            papers[i].write(stdout);
            return true;
        }
    return false;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    (void)umask(077); /* learners' data is nobody else's to read */
    if (argc < 2) {
        cli_help(stderr);
        return 2;
    }
    if (is_one_of(name, "--help", "-h"))
        return help(1, argv);
    if (strcmp(name, "help") == 0)
        return help(argc, argv);
    if (is_one_of(name, "--version", "version")) {
        (void)puts("milepost " MILEPOST_VERSION); /* to a terminal */
        return 0;
    }
    if (print_paper(name))
        return 0;
    const struct cli_command *command = cli_command_find(name);
    if (!command)
        return cli_unknown_command(name);
    for (int i = 2; i < argc; i++)
        if (is_one_of(argv[i], "--help", "-h")) {
            cli_help_command(stdout, command);
            return 0;
        }
    int status = command->run(argc, argv);
    temporary_remove_all();
    return status;
}
