#include "cli/log_copy.h"

#include <stdio.h>
#include <time.h>

#include "app/engine.h"
#include "base/monotonic.h"
#include "cli/progress.h"
#include "cli/temporary.h"

/* A command has no other server to ask: one that is slow to answer is asked again, where the try before
 * ended. */
enum { AGAIN_TIMES = 2, AGAIN_MS = 500 };

/* A node that runs is given so long to be at the log's head, and is asked so often. */
enum { REACH_MS = 1500, LOOK_MS = 50 };

static void note_followed(void *arg, uint64_t turn, uint64_t sequence)
{
    (void)turn;
    progress_show(arg, sequence);
}

enum rc cli_follow_into(const struct settings *settings, const char *directory, struct fault *fault)
{
    struct progress progress;
    struct policy policy = {.now_ms = cli_now_ms, .progress_arg = &progress, .followed = note_followed};
    struct store_place place = cli_place(settings);
    struct engine *engine = NULL;
    struct log_head head;
    struct store *store;

    place.directory = directory;
    enum rc rc = store_open(&place, &store, fault);
    if (rc != RC_OK)
        return rc;
    if (log_head(store_event_log(store), &head, fault) != RC_OK)
        head.counters.sequence = 0; /* then nobody knows how many there are */
    progress_begin(&progress, "reading the log", "events", head.counters.sequence);
    rc = engine_new(store, &policy, progress_show, &engine, fault);
    progress_end(&progress);
    if (rc == RC_OK)
        engine_free(engine); /* writes the checkpoint */
    else if (rc == RC_CONFLICT)
        fault->field = "database"; /* it is another log: nobody uses the directory */
    store_close(store);
    return rc;
}

/* *out_beside: a running node uses the directory, and nothing was done. */
static int bring_copy(struct settings *settings, bool *out_beside)
{
    static char own[256]; /* settings->data outlives the call */
    struct fault fault = {NULL, NULL};
    enum rc rc = RC_OK;

    if (!*settings->database)
        return 0;
    bool has_own = store_exists(settings->data);
    if (!has_own)
        rc = temporary_make(own, sizeof own, &fault);
    if (rc == RC_OK && !has_own)
        settings->data = own;
    if (rc == RC_OK)
        rc = cli_follow_into(settings, settings->data, &fault);
    for (int i = 0; i < AGAIN_TIMES && rc == RC_BUSY; i++) {
        (void)nanosleep(&(struct timespec){0, AGAIN_MS * 1000000}, NULL); /* cut is fine */
        rc = cli_follow_into(settings, settings->data, &fault);
    }
    *out_beside = rc == RC_CONFLICT && has_own && !fault.field;
    if (*out_beside)
        return 0;
    return rc == RC_OK ? 0 : cli_complain(fault.field ? fault.field : "database", fault_why(&fault));
}

int cli_bring_copy(struct settings *settings)
{
    bool beside;
    return bring_copy(settings, &beside);
}

/* ---- the log alone ---- */

enum rc cli_with_log(const struct settings *settings,
                     enum rc (*call)(void *arg, struct log *log, struct fault *fault), void *arg,
                     struct fault *fault)
{
    struct store_place place = cli_place(settings);
    struct store *store = NULL;
    char beside[256];
    enum rc rc = temporary_make(beside, sizeof beside, fault);

    if (rc != RC_OK)
        return rc;
    place.directory = beside;
    rc = store_open(&place, &store, fault);
    if (rc == RC_OK)
        rc = call(arg, store_event_log(store), fault);
    store_close(store);
    temporary_remove(beside);
    return rc;
}

static enum rc no_more(void *arg, const struct store_batch *batch, struct fault *fault)
{
    (void)arg;
    (void)batch;
    (void)fault;
    return RC_ENOUGH;
}

enum rc cli_log_holds(struct log *log, const struct log_turn *turn, struct fault *fault)
{
    enum rc rc = log_catch_up(log, turn, no_more, NULL, fault);

    return rc == RC_ENOUGH ? RC_OK : rc; /* it holds more */
}

/* ---- beside a running node ---- */

/* How far the node's files follow the log by now. */
static enum rc read_turn(const char *directory, struct log_turn *out, struct fault *fault)
{
    struct store *store;
    enum rc rc = store_open_reader(directory, &store, fault);

    if (rc != RC_OK)
        return rc;
    *out = store_copied(store);
    store_close(store);
    return RC_OK;
}

struct beside {
    const char *directory;
    bool whole;
};

/* Whether a running node's files hold all that the log had when this began. */
static enum rc compare_with_head(void *arg, struct log *log, struct fault *fault)
{
    struct beside *beside = arg;
    int64_t until_ms = monotonic_ms() + REACH_MS;
    struct log_head head;
    struct log_turn turn = {.number = 0};
    enum rc rc = log_head(log, &head, fault);

    while (rc == RC_OK && !beside->whole && monotonic_ms() < until_ms) {
        rc = read_turn(beside->directory, &turn, fault);
        beside->whole = rc == RC_OK && turn.number >= head.turn.number;
        if (rc == RC_OK && !beside->whole)
            (void)nanosleep(&(struct timespec){0, LOOK_MS * 1000000}, NULL); /* cut is fine */
    }
    if (rc == RC_OK && beside->whole && turn.number)
        rc = cli_log_holds(log, &turn, fault); /* it is of this log */
    return rc;
}

/* Its files as they are, when they lack nothing; else a copy of them, with what they lack. */
static enum rc look_beside(struct settings *settings, char *own, size_t size, struct fault *fault)
{
    struct beside beside = {.directory = settings->data};
    struct store_node_copy copied;
    enum rc rc = cli_with_log(settings, compare_with_head, &beside, fault);

    if (rc != RC_OK || beside.whole)
        return rc;
    rc = temporary_make(own, size, fault);
    if (rc == RC_OK)
        rc = store_copy_node(settings->data, own, NULL, NULL, &copied, fault);
    if (rc == RC_OK)
        rc = cli_follow_into(settings, own, fault);
    if (rc == RC_OK)
        settings->data = own;
    return rc;
}

int cli_bring_reader(struct settings *settings)
{
    static char own[256]; /* settings->data outlives the call */
    struct fault fault = {NULL, NULL};
    bool beside = false;
    int status = bring_copy(settings, &beside);

    if (status || !beside || look_beside(settings, own, sizeof own, &fault) == RC_OK)
        return status;
    (void)fprintf(stderr,
                  "milepost: %s: a node runs on it, and its copy could not be compared with the log\n",
                  settings->data); /* nowhere else to say it */
    return cli_complain(fault.field ? fault.field : "database", fault_why(&fault));
}
