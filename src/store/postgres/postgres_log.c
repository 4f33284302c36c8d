#include "store/postgres/postgres_log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/monotonic.h"
#include "store/postgres/postgres_erasing.h"
#include "store/postgres/postgres_left.h"
#include "store/postgres/postgres_listener.h"
#include "store/postgres/postgres_nodes.h"
#include "store/postgres/postgres_rows.h"
#include "store/postgres/postgres_schema.h"
#include "store/postgres/postgres_session.h"
#include "store/postgres/postgres_write.h"

enum {
    /* rows that are read while the lock is held, of a page's bytes at most: who sends much to one that takes
       nothing is freed by nothing but TCP; a node that lacks more gives the turn up and reads them without it
     */
    ROWS_UNDER_LOCK = 64,
    ROWS_A_PAGE = 256,
    /* a page has TURN_MS, on whatever link: 4 MB in that time are 5 Mbit/s; where it does not come, half as
       much is asked for */
    BYTES_A_PAGE = 4 << 20,
    TURN_TRIES = 4,
};

/* ---- opening ---- */

bool postgres_is_url(const char *url)
{
    return (strncmp(url, "postgres://", 11) == 0 || strncmp(url, "postgresql://", 13) == 0) &&
           pg_is_place(url);
}

static void postgres_close(struct log *log)
{
    struct postgres_log *mine = postgres_of(log);

    listener_free(mine->listener);
    pg_disconnect(&mine->writer);
    pg_disconnect(&mine->asker);
    buf_done(&mine->body);
    pg_disconnect(&mine->left.connection);
    (void)pthread_mutex_destroy(&mine->left.lock);  /* nobody holds it */
    (void)pthread_mutex_destroy(&mine->nodes.lock); /* likewise */
    free(mine->url);
    free(mine);
}

static enum rc open_database(struct postgres_log *log, const char *name, struct fault *fault)
{
    struct pg_connection plain = {.conn = NULL};
    enum rc rc = pg_connect(&plain, log->url, false, CONNECT_MS, fault);

    if (rc == RC_OK)
        rc = postgres_schema_bring_up(&plain, name, &log->number, fault);
    if (rc == RC_OK)
        (void)postgres_is_durable(&plain, &log->note); /* which is said */
    pg_disconnect(&plain);
    return rc;
}

static enum rc postgres_open(struct store *store, void *what, struct log **out_log, struct fault *fault)
{
    const struct postgres_place *place = what;
    struct postgres_log *log = calloc(1, sizeof *log);
    enum rc rc = RC_OK;

    (void)store;
    if (!log)
        return fault_no_memory(fault);
    (void)pthread_mutex_init(&log->nodes.lock, NULL); /* default attributes cannot fail */
    (void)pthread_mutex_init(&log->left.lock, NULL);  /* likewise */
    log->say = place->say;
    log->page_bytes = BYTES_A_PAGE;
    log->url = strdup(place->url);
    if (!log->url)
        rc = fault_no_memory(fault);
    if (rc == RC_OK && getrandom(log->node, sizeof log->node, 0) != (ssize_t)sizeof log->node)
        rc = fault_set(fault, RC_INTERNAL, NULL, "the system gives no random bytes");
    if (rc == RC_OK)
        rc = open_database(log, place->name, fault);
    if (rc != RC_OK) {
        fault->field = "database";
        postgres_close(&log->log);
        return rc;
    }
    *out_log = &log->log;
    return RC_OK;
}

static const char *postgres_note(struct log *log)
{
    return postgres_of(log)->note;
}

/* ---- reading ---- */

static bool send_page(struct postgres_log *log, const struct log_turn *after, int limit)
{
    struct pg_arguments arguments = {.count = 0};

    pg_argument_4(&arguments, log->number);
    pg_argument_8(&arguments, (int64_t)after->number);
    pg_argument_8(&arguments, limit);
    pg_argument_8(&arguments, log->page_bytes);
    return pg_send(&log->writer, PG_PAGE, &arguments);
}

static void judge_page(struct postgres_log *log, bool came)
{
    if (came && log->page_bytes < BYTES_A_PAGE)
        log->page_bytes *= 2;
    else if (!came && log->page_bytes > 1)
        log->page_bytes /= 2;
}

/* Up to what is there now; without a turn. */
static enum rc read_on(struct postgres_log *log, struct log_turn *inout_after, log_visitor *visit, void *arg,
                       struct fault *fault)
{
    enum rc rc = postgres_nodes_connect(log, &log->writer, true, fault);

    for (bool all = false; rc == RC_OK && !all;) {
        PGresult *rows[1] = {NULL};
        const char *state;
        bool taken = send_page(log, inout_after, ROWS_A_PAGE) &&
                     pg_take(&log->writer, monotonic_ms() + TURN_MS, rows, 1);
        judge_page(log, taken);
        if (taken && pg_all_well(rows, 1, &state))
            rc = postgres_visit(log, rows[0], ROWS_A_PAGE, inout_after, visit, arg, &all, fault);
        else
            rc = postgres_fail(log, rows, 1, fault);
        pg_clear(rows, 1);
    }
    return rc;
}

static enum rc postgres_catch_up(struct log *log, const struct log_turn *after, log_visitor *visit, void *arg,
                                 struct fault *fault)
{
    struct log_turn at = *after; /* the visitor may move the caller's */
    return read_on(postgres_of(log), &at, visit, arg, fault);
}

static enum rc postgres_head(struct log *log, struct log_head *out_head, struct fault *fault)
{
    struct postgres_log *mine = postgres_of(log);
    struct pg_arguments arguments = {.count = 0};
    PGresult *rows[1] = {NULL};
    const char *state;
    enum rc rc = postgres_nodes_connect(mine, &mine->asker, true, fault);

    if (rc != RC_OK)
        return RC_BUSY; /* of one with other settings, too: the engine ends it */
    pg_argument_4(&arguments, mine->number);
    bool well = pg_send(&mine->asker, PG_HEAD, &arguments) &&
                pg_take(&mine->asker, monotonic_ms() + ASK_MS, rows, 1) && pg_all_well(rows, 1, &state);
    if (well && PQntuples(rows[0]))
        postgres_read_head(rows[0], 0, out_head);
    else if (well)
        *out_head = (struct log_head){.at_ms = 0};
    else
        rc = fault_text(fault, RC_BUSY, postgres_unreachable, "%s", pg_why(rows, 1));
    pg_clear(rows, 1);
    return rc;
}

/* ---- a turn ---- */

static bool is_lock_timeout(PGresult *const *results, int count)
{
    const char *state;
    return !pg_all_well(results, count, &state) && strcmp(state, "55P03") == 0;
}

/* Somebody holds the lock for too long, perhaps a node that was stopped: its session is ended, if it is the
 * node that the server waits for. Its batch is then refused, or stored, as it will find out. */
static void free_lock(struct postgres_log *log)
{
    struct pg_arguments arguments = {.count = 0};
    PGresult *results[1];

    pg_argument_4(&arguments, log->number);
    if (!log->writer.conn || !pg_send(&log->writer, PG_FREE_LOCK, &arguments))
        return;
    (void)pg_take(&log->writer, monotonic_ms() + ASK_MS, results, 1); /* next time, else */
    pg_clear(results, 1);
}

/* Opens the transaction, takes the lock and reads what has come. A connection that rested may have been
 * closed meanwhile, which shows only now: then once more on a new one, since nothing is decided yet.
 * *out_taken false: lost, or too slow. */
static enum rc ask_for_turn(struct postgres_log *log, const struct log_turn *after, PGresult **results,
                            int count, bool *out_taken, struct fault *fault)
{
    struct pg_arguments arguments = {.count = 0};

    pg_argument_4(&arguments, log->number);
    for (bool again = false;; again = true) {
        bool rested = log->writer.conn != NULL;
        int64_t began_ms = monotonic_ms();
        enum rc rc = postgres_nodes_connect(log, &log->writer, true, fault);
        if (rc != RC_OK)
            return rc;
        *out_taken = pg_send(&log->writer, PG_BEGIN, NULL) && pg_send(&log->writer, PG_LOCK, &arguments) &&
                     send_page(log, after, ROWS_UNDER_LOCK) &&
                     pg_take(&log->writer, monotonic_ms() + TURN_MS, results, count);
        bool closed = !*out_taken && !log->writer.conn && monotonic_ms() - began_ms < ASK_MS;
        if (!closed || !rested || again)
            return RC_OK;
        pg_clear(results, count);
    }
}

/* One try. *out_all false: too much has come; the turn is given up, and what came is handed over. */
static enum rc try_turn(struct postgres_log *log, struct log_turn *inout_after, log_visitor *visit, void *arg,
                        bool *out_all, struct fault *fault)
{
    enum { BEGUN, LOCKED, ROWS, COUNT };
    PGresult *results[COUNT] = {NULL};
    const char *state;
    bool taken;
    enum rc rc = ask_for_turn(log, inout_after, results, COUNT, &taken, fault);

    if (rc != RC_OK)
        return rc;
    if (!taken || !pg_all_well(results, COUNT, &state)) {
        bool waited = taken && is_lock_timeout(results, COUNT);
        rc = postgres_fail(log, results, COUNT, fault);
        if (waited)
            free_lock(log);
        return rc;
    }
    rc = postgres_visit(log, results[ROWS], ROWS_UNDER_LOCK, inout_after, visit, arg, out_all, fault);
    pg_clear(results, COUNT);
    if (rc != RC_OK || !*out_all)
        postgres_roll_back(log);
    return rc;
}

static enum rc postgres_begin(struct log *log, const struct log_turn *after, log_visitor *visit, void *arg,
                              struct log_head *out_head, struct fault *fault)
{
    struct postgres_log *mine = postgres_of(log);
    struct log_turn at = *after;
    bool all = false;
    enum rc rc = RC_OK;

    if (!at.number)
        mine->head = (struct log_head){.at_ms = 0};
    for (int i = 0; rc == RC_OK && !all; i++) {
        if (i == TURN_TRIES)
            return fault_set(fault, RC_BUSY, NULL, "this node cannot keep up with the others; try again");
        if (i)
            rc = read_on(mine, &at, visit, arg, fault);
        if (rc == RC_OK)
            rc = try_turn(mine, &at, visit, arg, &all, fault);
    }
    if (rc != RC_OK)
        return rc;
    mine->deciding = true;
    *out_head = mine->head;
    return RC_OK;
}

static void postgres_abandon(struct log *log)
{
    struct postgres_log *mine = postgres_of(log);

    if (mine->deciding)
        postgres_roll_back(mine);
    mine->deciding = false;
}

static void postgres_follow(struct log *log, void (*wake)(void *arg), void *arg)
{
    struct postgres_log *mine = postgres_of(log);

    listener_free(mine->listener);
    mine->listener = wake ? listener_new(mine, wake, arg) : NULL;
}

const struct log_methods postgres_log = {
    .name = "postgres",
    .shared = true,
    .open = postgres_open,
    .close = postgres_close,
    .begin = postgres_begin,
    .commit = postgres_commit,
    .outcome = postgres_outcome,
    .abandon = postgres_abandon,
    .head = postgres_head,
    .catch_up = postgres_catch_up,
    .follow = postgres_follow,
    .is_named = postgres_is_named,
    .unname = postgres_unname,
    .forget = postgres_forget,
    .fill = postgres_fill,
    .has_room = postgres_has_room,
    .share = postgres_share,
    .leave = postgres_leave,
    .claim = postgres_claim,
    .enter = postgres_enter,
    .nodes = postgres_nodes,
    .note = postgres_note,
};
