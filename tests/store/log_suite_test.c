#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include <sqlite3.h>

#include "memory_log.h"
#include "postgres_server.h"
#include "store/store.h"

/* What store/log.h promises, asked of every kind of log. Each test runs once for each kind. */

enum kind { OWN, MEMORY, POSTGRES };

static struct memory_server *server;
static bool has_postgres;
static char directories[3][64]; /* a node's files each */
static char log_of_test[40];    /* each test has a log of its own in the database */

static enum kind kind_of(void **state)
{
    return *(enum kind *)*state;
}

static int set_up(void **state)
{
    static int tests;
    (void)state;
    server = memory_server_new(7);
    (void)snprintf(log_of_test, sizeof log_of_test, "test%d", ++tests); /* fits */
    for (size_t i = 0; i < COUNT(directories); i++) {
        strcpy(directories[i], "/tmp/milepost-log-XXXXXX");
        if (!mkdtemp(directories[i]))
            return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    memory_server_free(server);
    for (size_t i = 0; i < COUNT(directories); i++)
        store_remove(directories[i]);
    return 0;
}

/* A node on the kind of log that the test is run for. */
static struct store *open_node(void **state, size_t node)
{
    enum kind kind = kind_of(state);
    const struct store_place place = {.directory = directories[node],
                                      .database = kind == POSTGRES ? postgres_server_url() : NULL,
                                      .log = log_of_test};
    struct store *store = NULL;
    struct fault fault;
    if (kind == POSTGRES && !has_postgres)
        skip();
    enum rc rc = kind == MEMORY ? store_open_on(place.directory, &memory_log, server, &store, &fault)
                                : store_open(&place, &store, &fault);

    if (rc != RC_OK)
        fail_msg("open: %s", fault_why(&fault));
    return store;
}

/* ---- what a server does to those who write its log ---- */

static void run_of_log(const char *before, const char *after, long *out)
{
    char sql[400];

    snprintf(sql, sizeof sql, "%s (SELECT log FROM milepost_log WHERE name = '%s')%s", before, log_of_test,
             after);
    postgres_server_run(sql, out);
}

static void lose_after_1(enum kind kind)
{
    if (kind == MEMORY)
        memory_server_lose(server, 1);
    else
        run_of_log("DELETE FROM milepost_turn WHERE turn > 1 AND log =", "", NULL);
}

/* Refuses every batch, or no more. The directory's own log is refused by who holds its lock. */
static void set_refusing(enum kind kind, bool refuses)
{
    memory_server_set_moods(server, (struct memory_moods){.refuses = refuses ? 1000 : 0});
    if (kind == POSTGRES)
        postgres_server_run(refuses ? "ALTER TABLE milepost_turn ADD CONSTRAINT none CHECK (false) NOT VALID"
                                    : "ALTER TABLE milepost_turn DROP CONSTRAINT none",
                            NULL);
}

static bool log_holds(enum kind kind, const char *text)
{
    char rest[100];
    long count = 0;

    if (kind == MEMORY)
        return memory_server_holds(server, text, strlen(text));
    snprintf(rest, sizeof rest, " AND position('%s'::bytea IN body) > 0", text);
    run_of_log("SELECT count(*) FROM milepost_turn WHERE log =", rest, &count);
    return count > 0;
}

/* What a node has seen of others, and how far it has followed. */
struct follower {
    struct log_turn turn;
    int batches;
    uint64_t events;
    uint64_t last_sequence;
};

static enum rc follow(void *arg, const struct store_batch *batch, struct fault *fault)
{
    struct follower *follower = arg;

    (void)fault;
    assert_int_equal(batch->turn, follower->turn.number + 1);
    follower->turn = (struct log_turn){batch->turn, batch->id};
    follower->batches++;
    follower->events += batch->event_count;
    for (size_t i = 0; i < batch->event_count; i++) {
        assert_true(batch->events[i].sequence > follower->last_sequence);
        follower->last_sequence = batch->events[i].sequence;
    }
    return RC_OK;
}

static void begin(struct store *store, struct follower *follower, struct log_head *out_head)
{
    struct fault fault;
    enum rc rc = RC_BUSY;

    for (int tries = 0; rc == RC_BUSY && tries < 200; tries++) { /* a session was ended, perhaps */
        if (tries)
            usleep(20000);
        rc = log_begin(store_event_log(store), &follower->turn, follow, follower, out_head, &fault);
    }
    if (rc != RC_OK)
        fail_msg("begin: %s", fault_why(&fault));
}

/* One event by anna, after a head that begin gave. */
static enum log_outcome commit_one(struct store *store, struct follower *follower,
                                   const struct log_head *head, const char *body, struct batch_id *out_id)
{
    struct log *log = store_event_log(store);
    const struct stored_event event = {.sequence = head->counters.sequence + 1,
                                       .learner = 1,
                                       .kind = 1,
                                       .at_ms = 5,
                                       .body = (const uint8_t *)body,
                                       .body_size = strlen(body)};
    const struct store_id id = {STORE_LEARNER, 1, "anna", 4};
    struct store_batch batch = {.id = log_next_id(log),
                                .turn = head->turn.number + 1,
                                .at_ms = 5,
                                .events = &event,
                                .event_count = 1,
                                .ids = &id,
                                .id_count = head->turn.number == 0 && head->counters.sequence == 0,
                                .counters = head->counters};
    struct fault fault;

    batch.counters.sequence++;
    batch.counters.record_id = 4;
    enum log_outcome outcome = log_commit(log, &batch, &fault);
    if (outcome == LOG_STORED) {
        follower->turn = (struct log_turn){batch.turn, batch.id};
        if (log_is_shared(log))
            assert_int_equal(store_copy(store, &batch, &fault), RC_OK);
    }
    *out_id = batch.id;
    return outcome;
}

/* Writes one event by anna, at the head. */
static enum log_outcome write_one(struct store *store, struct follower *follower, const char *body,
                                  struct batch_id *out_id)
{
    struct log_head head;
    struct batch_id id;

    begin(store, follower, &head);
    return commit_one(store, follower, &head, body, out_id ? out_id : &id);
}

static enum rc count_event(void *arg, const struct stored_event *event, struct fault *fault)
{
    (void)event;
    (void)fault;
    ++*(int *)arg;
    return RC_OK;
}

static int events_in(struct store *store)
{
    struct fault fault;
    int count = 0;

    assert_int_equal(store_each_event(store, 0, count_event, &count, &fault), RC_OK);
    return count;
}

static void what_is_stored_is_there_after_a_new_start(void **state)
{
    struct store *store = open_node(state, 0);
    struct follower follower = {0};
    struct log_head head;
    struct fault fault;

    assert_int_equal(write_one(store, &follower, "a", NULL), LOG_STORED);
    assert_int_equal(write_one(store, &follower, "b", NULL), LOG_STORED);
    assert_int_equal(log_head(store_event_log(store), &head, &fault), RC_OK);
    assert_int_equal(head.turn.number, 2);
    assert_memory_equal(&head.turn.batch, &follower.turn.batch, sizeof head.turn.batch);
    assert_int_equal(head.at_ms, 5);
    store_close(store);
    store = open_node(state, 0);
    static const char *const names[] = {"events.db", "memory", "postgres"};
    assert_string_equal(log_name(store_event_log(store)), names[kind_of(state)]);
    assert_int_equal(events_in(store), 2);
    assert_int_equal(log_head(store_event_log(store), &head, &fault), RC_OK);
    assert_int_equal(head.counters.sequence, 2);
    assert_int_equal(head.counters.record_id, 4);
    if (log_is_shared(store_event_log(store))) {
        struct log_turn copied = store_copied(store);
        assert_int_equal(copied.number, 2);
        assert_memory_equal(&copied.batch, &follower.turn.batch, sizeof copied.batch);
    }
    store_close(store);
}

static void a_copy_is_no_log(void **state)
{
    const struct store_place place = {.directory = directories[0]};
    struct store *store = open_node(state, 0), *own = NULL;
    struct follower follower = {0};
    struct fault fault;
    bool shared = log_is_shared(store_event_log(store));

    assert_int_equal(write_one(store, &follower, "a", NULL), LOG_STORED);
    store_close(store);
    assert_int_equal(store_open(&place, &own, &fault), shared ? RC_CONFLICT : RC_OK);
    if (!shared)
        store_close(own);
}

static void no_id_is_given_out_twice(void **state)
{
    struct store *store = open_node(state, 0);
    struct batch_id ids[600];

    for (size_t i = 0; i < COUNT(ids); i++)
        ids[i] = log_next_id(store_event_log(store));
    for (size_t i = 1; i < COUNT(ids); i++)
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(&ids[i], &ids[j], sizeof ids[i]);
    store_close(store);
    store = open_node(state, 0);
    struct batch_id next = log_next_id(store_event_log(store));
    for (size_t i = 0; i < COUNT(ids); i++)
        assert_memory_not_equal(&next, &ids[i], sizeof next);
    store_close(store);
}

static void a_turn_that_is_given_up_leaves_nothing(void **state)
{
    struct store *store = open_node(state, 0);
    struct log *log = store_event_log(store);
    struct follower follower = {0};
    struct log_head head;
    struct fault fault;

    assert_int_equal(log_begin(log, &follower.turn, follow, &follower, &head, &fault), RC_OK);
    log_abandon(log);
    assert_int_equal(write_one(store, &follower, "a", NULL), LOG_STORED);
    assert_int_equal(follower.turn.number, 1);
    assert_int_equal(events_in(store), 1);
    assert_true(log_has_room(log));
    store_close(store);
}

/* A database that was away: the session that rested is gone, which the next turn finds out and does not tell.
 */
static void a_session_that_ended_at_rest_costs_no_turn(void **state)
{
    struct store *store = open_node(state, 0);
    struct log *log = store_event_log(store);
    struct follower follower = {0};
    struct log_head head;
    struct fault fault;
    long ended = 1;

    assert_int_equal(write_one(store, &follower, "a", NULL), LOG_STORED);
    if (kind_of(state) == POSTGRES)
        postgres_server_run("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
                            " WHERE application_name = 'milepost'",
                            &ended);
    assert_true(ended > 0);
    assert_int_equal(log_begin(log, &follower.turn, follow, &follower, &head, &fault), RC_OK);
    log_abandon(log);
    store_close(store);
}

/* Locks events.db from outside, as a copy by hand does. */
static sqlite3 *lock_events(size_t node)
{
    char path[96];
    sqlite3 *db = NULL;

    snprintf(path, sizeof path, "%s/events.db", directories[node]);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void a_batch_that_is_refused_is_nowhere(void **state)
{
    struct store *store = open_node(state, 0);
    struct follower follower = {0};
    struct log_head head;
    struct batch_id refused;
    struct fault fault;
    enum kind kind = kind_of(state);
    sqlite3 *lock = kind == OWN ? lock_events(0) : NULL;

    set_refusing(kind, true);
    assert_int_equal(write_one(store, &follower, "a", &refused), LOG_REFUSED);
    set_refusing(kind, false);
    (void)sqlite3_close(lock); /* gives the lock back */
    assert_int_equal(log_outcome_of(store_event_log(store), &refused, &fault), LOG_REFUSED);
    assert_int_equal(log_head(store_event_log(store), &head, &fault), RC_OK);
    assert_int_equal(head.turn.number, 0);
    assert_int_equal(head.counters.sequence, 0);
    assert_int_equal(events_in(store), 0);
    assert_int_equal(write_one(store, &follower, "b", NULL), LOG_STORED);
    assert_int_equal(events_in(store), 1);
    store_close(store);
}

/* Of a log that never says LOG_UNKNOWN this holds too: nothing is ever in doubt. */
static void a_batch_in_doubt_is_stored_or_refused_in_the_end(void **state)
{
    struct store *store = open_node(state, 0);
    struct log *log = store_event_log(store);
    struct follower follower = {0};
    uint64_t stored = 0, asked_again = 0;
    struct log_head head;
    struct fault fault;

    memory_server_set_moods(server, (struct memory_moods){.doubts = 600});
    postgres_server_set_deadly(kind_of(state) == POSTGRES);
    bool by_chance = kind_of(state) == POSTGRES; /* when its sessions end */
    for (int i = 0; i < 200 || (by_chance && i < 5000 && (stored <= 100 || !asked_again)); i++) {
        struct batch_id id;
        enum log_outcome outcome = write_one(store, &follower, "a", &id);
        bool doubted = outcome == LOG_UNKNOWN;
        for (; outcome == LOG_UNKNOWN; asked_again++) {
            if (kind_of(state) == POSTGRES)
                usleep(20000);
            outcome = log_outcome_of(log, &id, &fault);
        }
        assert_true(outcome == LOG_STORED || outcome == LOG_REFUSED);
        stored += outcome == LOG_STORED;
        if (outcome == LOG_STORED && doubted)
            follower.turn = (struct log_turn){follower.turn.number + 1, id};
    }
    memory_server_set_moods(server, (struct memory_moods){0});
    postgres_server_set_deadly(false);
    usleep(300000); /* a session that was ended is not tried again at once */
    if (log_head(log, &head, &fault) != RC_OK)
        assert_int_equal(log_head(log, &head, &fault), RC_OK);
    assert_int_equal(head.turn.number, stored);
    assert_int_equal(head.counters.sequence, stored);
    if (kind_of(state) == POSTGRES) {
        long rows = 0;
        run_of_log("SELECT count(DISTINCT batch) FROM milepost_turn WHERE log =", "", &rows);
        assert_int_equal(rows, stored);
        assert_true(stored > 100 && asked_again > 0);
    } else if (log_is_shared(log)) {
        struct memory_counts counts = memory_server_counts(server);
        assert_true(counts.doubted_stored > 0 && counts.doubted_lost > 0 && asked_again > 0);
        assert_int_equal(counts.turns, stored);
    } else {
        assert_int_equal(stored, 200);
    }
    store_close(store);
}

static void nodes_see_each_others_batches_in_one_order(void **state)
{
    struct store *stores[3];
    struct follower followers[3] = {0};
    struct fault fault;

    if (kind_of(state) == OWN) { /* a second node on a directory's own log is refused */
        const struct store_place place = {.directory = directories[0]};
        stores[0] = open_node(state, 0);
        assert_int_equal(store_open(&place, &stores[1], &fault), RC_CONFLICT);
        store_close(stores[0]);
        return;
    }
    for (size_t i = 0; i < 3; i++)
        stores[i] = open_node(state, i);
    for (size_t i = 0; i < 30; i++)
        assert_int_equal(write_one(stores[i * 7 % 3], &followers[i * 7 % 3], "a", NULL), LOG_STORED);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            log_catch_up(store_event_log(stores[i]), &followers[i].turn, follow, &followers[i], &fault),
            RC_OK);
        assert_int_equal(followers[i].turn.number, 30);
        assert_int_equal(followers[i].batches, 20); /* those of the others */
        store_close(stores[i]);
    }
}

/* Follows up to a turn. */
struct stop {
    uint64_t after;
    struct follower *follower;
};

static enum rc stop_after(void *arg, const struct store_batch *batch, struct fault *fault)
{
    const struct stop *stop = arg;
    return batch->turn > stop->after ? RC_ENOUGH : follow(stop->follower, batch, fault);
}

/* However large they are: a page of them holds some, and one in any case. */
struct watching {
    struct follower follower;
    int under_lock; /* batches that came while a node held the turn */
};

static enum rc follow_and_look(void *arg, const struct store_batch *batch, struct fault *fault)
{
    struct watching *watching = arg;
    long held;

    postgres_server_run(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1297109844 AND granted",
        &held);
    watching->under_lock += held > 0;
    return follow(&watching->follower, batch, fault);
}

/* Two of them are more than is read under the lock. */
static void take_turn_after_large_batches(struct log *log, int batches)
{
    struct watching watching = {.under_lock = 0};
    struct log_turn nothing = {.number = 0};
    struct log_head head;
    struct fault fault;

    assert_int_equal(log_begin(log, &nothing, follow_and_look, &watching, &head, &fault), RC_OK);
    log_abandon(log);
    assert_int_equal(watching.follower.batches, batches);
    assert_int_equal(watching.under_lock, 2);
}

static void large_batches_are_read_in_order(void **state)
{
    enum { COUNT_OF = 4, SIZE = 3 << 20 };
    struct store *one = open_node(state, 0);
    struct follower writer = {0}, reader = {0};
    char *body = malloc(SIZE + 1);
    struct fault fault;

    assert_non_null(body);
    memset(body, 'x', SIZE);
    body[SIZE] = '\0';
    for (int i = 0; i < COUNT_OF; i++)
        assert_int_equal(write_one(one, &writer, i == 2 ? "small" : body, NULL), LOG_STORED);
    free(body);
    if (log_is_shared(store_event_log(one))) {
        struct store *two = open_node(state, 1);
        assert_int_equal(log_catch_up(store_event_log(two), &reader.turn, follow, &reader, &fault), RC_OK);
        assert_int_equal(reader.batches, COUNT_OF);
        assert_int_equal(reader.last_sequence, COUNT_OF);
        for (uint64_t after = 1; after < COUNT_OF; after++) { /* the turn that is known is large, too */
            struct follower late = {0};
            struct log_turn at = {0};
            assert_int_equal(
                log_catch_up(store_event_log(two), &at, stop_after, &(struct stop){after, &late}, &fault),
                RC_ENOUGH);
            assert_int_equal(log_catch_up(store_event_log(two), &late.turn, follow, &late, &fault), RC_OK);
            assert_int_equal(late.batches, COUNT_OF);
        }
        if (kind_of(state) == POSTGRES)
            take_turn_after_large_batches(store_event_log(two), COUNT_OF);
        store_close(two);
    }
    store_close(one);
}

static void one_node_at_a_time_holds_the_turn(void **state)
{
    struct follower followers[2] = {0};
    struct log_head head;
    struct fault fault;

    if (kind_of(state) == OWN)
        return; /* there is only one */
    struct store *first = open_node(state, 0), *second = open_node(state, 1);
    assert_int_equal(
        log_begin(store_event_log(first), &followers[0].turn, follow, &followers[0], &head, &fault), RC_OK);
    if (kind_of(state) == MEMORY)
        assert_int_equal(
            log_begin(store_event_log(second), &followers[1].turn, follow, &followers[1], &head, &fault),
            RC_BUSY);
    if (kind_of(state) == MEMORY)
        log_abandon(store_event_log(first));
    assert_int_equal(write_one(second, &followers[1], "a", NULL), LOG_STORED);
    if (kind_of(state) == POSTGRES) { /* the first was waited for, not for ever, and lost its turn */
        struct batch_id late;
        enum log_outcome outcome = commit_one(first, &followers[0], &head, "late", &late);
        for (; outcome == LOG_UNKNOWN; usleep(20000))
            outcome = log_outcome_of(store_event_log(first), &late, &fault);
        assert_int_equal(outcome, LOG_REFUSED);
        assert_false(log_holds(POSTGRES, "late"));
        assert_int_equal(write_one(first, &followers[0], "b", NULL), LOG_STORED);
        assert_int_equal(followers[0].batches, 1);
    }
    store_close(first);
    store_close(second);
}

static void set_flag(void *arg)
{
    atomic_store((atomic_bool *)arg, true);
}

static void who_follows_is_woken_by_others_alone(void **state)
{
    struct follower followers[2] = {0};
    atomic_bool woken = false;
    struct store *first = open_node(state, 0);

    log_follow(store_event_log(first), set_flag, &woken);
    if (kind_of(state) != POSTGRES) {
        assert_int_equal(write_one(first, &followers[0], "a", NULL), LOG_STORED);
        assert_false(atomic_load(&woken));
    }
    if (kind_of(state) == POSTGRES) { /* told once that it listens */
        for (int i = 0; i < 3000 && !atomic_load(&woken); i++)
            usleep(1000);
        assert_true(atomic_exchange(&woken, false));
        assert_int_equal(write_one(first, &followers[0], "a", NULL), LOG_STORED);
        usleep(100000);
        assert_false(atomic_load(&woken));
    }
    if (kind_of(state) != OWN) {
        struct store *second = open_node(state, 1);
        assert_int_equal(write_one(second, &followers[1], "b", NULL), LOG_STORED);
        for (int i = 0; i < 3000 && !atomic_load(&woken); i++)
            usleep(1000);
        assert_true(atomic_load(&woken));
        store_close(second);
    }
    log_follow(store_event_log(first), NULL, NULL);
    store_close(first);
}

static void a_log_that_went_back_is_known(void **state)
{
    struct follower follower = {0}, none = {0};
    struct log_head head;
    struct fault fault;

    if (kind_of(state) == OWN)
        return; /* it cannot, without the process that holds its lock */
    struct store *store = open_node(state, 0), *other = open_node(state, 1);
    assert_int_equal(write_one(store, &follower, "a", NULL), LOG_STORED);
    assert_int_equal(write_one(store, &follower, "b", NULL), LOG_STORED);
    lose_after_1(kind_of(state));
    assert_int_equal(log_begin(store_event_log(store), &follower.turn, follow, &follower, &head, &fault),
                     RC_CONFLICT);
    assert_int_equal(write_one(other, &none, "c", NULL), LOG_STORED); /* another batch at the same turn */
    assert_int_equal(log_catch_up(store_event_log(store), &follower.turn, follow, &follower, &fault),
                     RC_CONFLICT);
    store_close(store);
    store_close(other);
}

/* Its second event is another's by now. */
static void a_log_that_went_back_forgets_nothing(void **state)
{
    static const uint64_t second = 2;
    const struct store_forgetting what = {&second, 1, NULL, 0, 1};
    const struct store_erasure erasure = {.learner = 1, .id = "anna", .id_size = 4};
    struct follower follower = {0}, none = {0};
    struct fault fault;
    bool all = false;

    if (kind_of(state) == OWN)
        return; /* as above */
    struct store *store = open_node(state, 0), *other = open_node(state, 1);
    assert_int_equal(write_one(store, &follower, "a", NULL), LOG_STORED);
    assert_int_equal(log_forget(store_event_log(store), &follower.turn, &what, &fault), RC_OK);
    assert_int_equal(log_unname(store_event_log(store), &follower.turn, &erasure, &all, &fault), RC_OK);
    assert_true(all);
    assert_int_equal(write_one(store, &follower, "b", NULL), LOG_STORED);
    lose_after_1(kind_of(state));
    assert_int_equal(log_forget(store_event_log(store), &follower.turn, &what, &fault), RC_CONFLICT);
    assert_int_equal(write_one(other, &none, "the other", NULL), LOG_STORED);
    assert_int_equal(log_forget(store_event_log(store), &follower.turn, &what, &fault), RC_CONFLICT);
    if (kind_of(state) == POSTGRES) { /* the other names nobody */
        assert_int_equal(log_unname(store_event_log(store), &follower.turn, &erasure, &all, &fault),
                         RC_CONFLICT);
        assert_false(all);
    }
    assert_true(log_holds(kind_of(state), "the other"));
    assert_int_equal(log_forget(store_event_log(other), &none.turn, &what, &fault), RC_OK);
    assert_false(log_holds(kind_of(state), "the other"));
    store_close(store);
    store_close(other);
}

static void what_is_forgotten_is_in_no_byte_of_the_log(void **state)
{
    static const uint64_t first = 1;
    struct store *store = open_node(state, 0);
    struct log *log = store_event_log(store);
    struct follower follower = {0};
    struct stored_event rewritten = {.sequence = 2,
                                     .learner = 1,
                                     .kind = 1,
                                     .at_ms = 5,
                                     .body = (const uint8_t *)"nobody",
                                     .body_size = 6};
    struct store_forgetting what = {&first, 1, &rewritten, 1, 0};
    struct fault fault;

    assert_int_equal(write_one(store, &follower, "secret one", NULL), LOG_STORED);
    assert_int_equal(write_one(store, &follower, "secret two", NULL), LOG_STORED);
    assert_int_equal(log_forget(log, &follower.turn, &what, &fault), RC_OK);
    assert_int_equal(store_erase_some(store, &what, 0, &fault), RC_OK);
    assert_int_equal(events_in(store), 1);
    if (log_is_shared(log)) {
        assert_false(log_holds(kind_of(state), "secret"));
        assert_true(log_holds(kind_of(state), "nobody"));
    }
    store_close(store);
}

static enum rc pour(void *arg, const struct store_batch *batch, struct fault *fault)
{
    return log_fill(arg, batch, true, fault);
}

static void a_log_is_filled_with_anothers_batches(void **state)
{
    struct store *store = open_node(state, 0);
    struct follower follower = {0};
    struct store_batch none = {.turn = 3};
    struct log_head head;
    struct fault fault;

    for (int i = 0; i < 5; i++)
        assert_int_equal(write_one(store, &follower, "a", NULL), LOG_STORED);
    if (log_is_shared(store_event_log(store))) {
        struct memory_server *full = server, *empty = server = memory_server_new(3);
        strcat(log_of_test, "-filled");
        struct store *into = open_node(state, 1);
        assert_int_equal(log_fill(store_event_log(into), &none, false, &fault), RC_CONFLICT);
        assert_int_equal(
            log_catch_up(store_event_log(store), &(struct log_turn){0}, pour, store_event_log(into), &fault),
            RC_OK);
        if (kind_of(state) == POSTGRES) { /* nothing before the last */
            assert_int_equal(log_head(store_event_log(into), &head, &fault), RC_OK);
            assert_int_equal(head.turn.number, 0);
        }
        assert_int_equal(log_fill(store_event_log(into), NULL, false, &fault), RC_OK);
        assert_int_equal(log_head(store_event_log(into), &head, &fault), RC_OK);
        assert_int_equal(head.turn.number, 5);
        assert_memory_equal(&head.turn.batch, &follower.turn.batch, sizeof head.turn.batch);
        store_close(into);
        memory_server_free(empty);
        server = full;
    } else {
        assert_int_equal(log_fill(store_event_log(store), &none, false, &fault), RC_NOT_IMPLEMENTED);
    }
    store_close(store);
}

static enum rc copy_batch(void *arg, const struct store_batch *batch, struct fault *fault)
{
    return store_copy(arg, batch, fault);
}

static enum rc put_entry(void *arg, const char *key, const char *value, struct fault *fault)
{
    (void)fault;
    buf_printf(arg, "%s=%s;", key, value);
    return RC_OK;
}

/* What an import has done moves with what it has brought: else the next one brings all of it again. */
static void a_directorys_ledger_moves_with_it(void **state)
{
    static const char *const entries[][2] = {{"oulad:1", "1 7"}, {"adopting", "2"}, {"oulad:1", "1 9"}};
    const struct store_place own = {.directory = directories[2]};
    struct buf ledger = {0};
    struct store *from;
    struct fault fault;

    if (kind_of(state) == OWN)
        return; /* it is filled by copying files */
    struct store *to = open_node(state, 0);
    assert_int_equal(store_open(&own, &from, &fault), RC_OK);
    for (size_t i = 0; i < COUNT(entries); i++) {
        const struct store_batch batch = {.id = log_next_id(store_event_log(from)),
                                          .ledger_key = entries[i][0],
                                          .ledger_value = entries[i][1]};
        assert_int_equal(store_commit(from, &batch, &fault), RC_OK);
    }
    assert_int_equal(store_each_batch(from, pour, store_event_log(to), &fault), RC_OK);
    assert_int_equal(log_fill(store_event_log(to), NULL, false, &fault), RC_OK);
    assert_int_equal(log_catch_up(store_event_log(to), &(struct log_turn){0}, copy_batch, to, &fault), RC_OK);
    assert_int_equal(store_each_ledger(to, put_entry, &ledger, &fault), RC_OK);
    buf_char(&ledger, '\0');
    assert_string_equal(ledger.bytes, "adopting=2;oulad:1=1 9;");
    buf_done(&ledger);
    store_close(from);
    store_close(to);
}

static uint64_t sequence_7(void *arg)
{
    (void)arg;
    return 7;
}

static size_t nodes_soon(struct store *store, size_t count, struct log_node *out)
{
    size_t found = 0;

    for (int i = 0; i < 600 && found != count; i++) {
        found = log_nodes(store_event_log(store), out, LOG_NODES_MAX);
        if (found != count)
            usleep(10000);
    }
    return found;
}

static void nodes_know_of_each_other_and_have_the_same_settings(void **state)
{
    struct log_node nodes[LOG_NODES_MAX];
    atomic_bool woken = false;
    struct fault fault;
    struct store *first = open_node(state, 0), *second = open_node(state, 1);
    struct log_presence one = {store_identity(first), "one's:5000", "a=1\nb=it's\n", sequence_7, NULL};
    struct log_presence two = {store_identity(second), "two:5000", "a=1\nb=2\n", sequence_7, NULL};

    assert_string_not_equal(one.identity, two.identity);
    assert_int_equal(log_nodes(store_event_log(first), nodes, LOG_NODES_MAX), 0);
    assert_int_equal(log_enter(store_event_log(first), &one, &fault), RC_OK);
    if (kind_of(state) == POSTGRES) {
        log_follow(store_event_log(first), set_flag, &woken);
        assert_int_equal(nodes_soon(first, 1, nodes), 1);
        assert_string_equal(nodes[0].name, "one's:5000");
        assert_true(nodes[0].self && nodes[0].sequence == 7 && nodes[0].lag == 0);
        assert_int_equal(log_enter(store_event_log(second), &two, &fault), RC_CONFLICT);
        assert_non_null(
            strstr(fault_why(&fault), "b=2 here, b=it's on the node one's:5000, which runs: b must"));
        two.settings = one.settings;
        assert_int_equal(log_enter(store_event_log(second), &two, &fault), RC_OK);
        assert_int_equal(nodes_soon(first, 2, nodes), 2);
        assert_false(nodes[1].self);
        log_follow(store_event_log(second), set_flag, &woken);
        log_follow(store_event_log(first), NULL, NULL); /* it says that it goes */
        assert_int_equal(nodes_soon(second, 1, nodes), 1);
        log_follow(store_event_log(second), NULL, NULL);
        two.settings = "a=2\n"; /* alone, it may have others */
        assert_int_equal(log_enter(store_event_log(second), &two, &fault), RC_OK);
    }
    store_close(first);
    store_close(second);
}

/* ---- what is left for whoever claims it ---- */

static enum rc leave(struct store *store, const char *name, const char *text, int seconds)
{
    const struct log_value value = {.name = name, .bytes = text, .size = strlen(text)};
    struct fault fault;
    return log_leave(store_event_log(store), &value, seconds, &fault);
}

/* Whether it gives that text. */
static enum rc claim(struct store *store, const char *name, const char *text)
{
    struct buf out = {0};
    struct fault fault;
    enum rc rc = log_claim(store_event_log(store), name, &out, &fault);

    if (rc == RC_OK) {
        assert_int_equal(out.size, strlen(text));
        assert_memory_equal(out.bytes, text, out.size);
    }
    buf_done(&out);
    return rc;
}

/* Nobody shares a directory's own log, so nothing is left there. */
static bool is_left_by_nobody(void **state, struct store *store)
{
    if (kind_of(state) != OWN)
        return false;
    assert_int_equal(leave(store, "one", "a", 30), RC_NOT_IMPLEMENTED);
    assert_int_equal(claim(store, "one", "a"), RC_NOT_IMPLEMENTED);
    store_close(store);
    return true;
}

enum { CLAIMANTS = 4 };

static void *claim_one(void *store)
{
    return claim(store, "raced", "c") == RC_OK ? store : NULL;
}

static void what_is_left_is_claimed_once(void **state)
{
    struct store *one = open_node(state, 0), *two;
    pthread_t threads[CLAIMANTS];

    if (is_left_by_nobody(state, one))
        return;
    two = open_node(state, 1);
    assert_int_equal(claim(two, "one", "a"), RC_NOT_FOUND);
    assert_int_equal(leave(one, "one", "a", 30), RC_OK);
    assert_int_equal(leave(one, "two", "b", 30), RC_OK);
    assert_int_equal(claim(two, "one", "a"), RC_OK);
    assert_int_equal(claim(one, "one", "a"), RC_NOT_FOUND);
    assert_int_equal(claim(two, "one", "a"), RC_NOT_FOUND);
    assert_int_equal(claim(one, "two", "b"), RC_OK);
    for (int round = 0; round < 50; round++) { /* by all at once */
        int claimed = 0;
        assert_int_equal(leave(two, "raced", "c", 30), RC_OK);
        for (int i = 0; i < CLAIMANTS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, claim_one, i % 2 ? one : two), 0);
        for (int i = 0; i < CLAIMANTS; i++) {
            void *it = NULL;
            assert_int_equal(pthread_join(threads[i], &it), 0);
            claimed += it != NULL;
        }
        assert_int_equal(claimed, 1);
    }
    store_close(one);
    store_close(two);
}

static void what_is_left_is_gone_when_its_time_is_over(void **state)
{
    atomic_bool woken = false;
    struct store *store = open_node(state, 0);
    struct log_presence self = {store_identity(store), "one:5000", "a=1\n", sequence_7, NULL};
    struct fault fault;
    long rows = 1;

    if (is_left_by_nobody(state, store))
        return;
    assert_int_equal(leave(store, "old", "a", 0), RC_OK);
    assert_int_equal(leave(store, "young", "b", 30), RC_OK);
    assert_int_equal(claim(store, "old", "a"), RC_NOT_FOUND);
    if (kind_of(state) == POSTGRES) { /* also what nobody claims */
        assert_int_equal(leave(store, "nobody's", "a", 0), RC_OK);
        assert_int_equal(log_enter(store_event_log(store), &self, &fault), RC_OK);
        log_follow(store_event_log(store), set_flag, &woken);
        for (int tries = 0; tries < 500 && rows; tries++) {
            usleep(10000);
            run_of_log("SELECT count(*) FROM milepost_left WHERE until < now() AND log =", "", &rows);
        }
        assert_int_equal(rows, 0);
        log_follow(store_event_log(store), NULL, NULL);
    }
    assert_int_equal(claim(store, "young", "b"), RC_OK);
    store_close(store);
}

static void tables_of_another_version_are_brought_up_or_refused(void **state)
{
    const struct store_place place = {directories[1], postgres_server_url(), log_of_test};
    struct follower follower = {0};
    struct store *store;
    struct fault fault;
    long number;

    if (kind_of(state) != POSTGRES || !has_postgres)
        return;
    store = open_node(state, 0);
    assert_int_equal(write_one(store, &follower, "kept", NULL), LOG_STORED);
    store_close(store);
    /* as version 1 left them */
    postgres_server_run(
        "DROP TABLE milepost_node, milepost_left; DELETE FROM milepost_schema WHERE version > 1", NULL);
    store = open_node(state, 0);
    assert_true(log_holds(POSTGRES, "kept"));
    assert_int_equal(write_one(store, &follower, "newer", NULL), LOG_STORED);
    store_close(store);
    postgres_server_run("SELECT count(*) FROM milepost_node", &number);
    postgres_server_run("SELECT count(*) FROM milepost_left", &number);
    postgres_server_run("INSERT INTO milepost_schema SELECT max(version) + 1 FROM milepost_schema", NULL);
    enum rc rc = store_open(&place, &store, &fault);
    postgres_server_run(
        "DELETE FROM milepost_schema WHERE version = (SELECT max(version) FROM milepost_schema)", NULL);
    assert_int_equal(rc, RC_INVALID);
    assert_non_null(strstr(fault_why(&fault), "a newer version has changed its tables"));
    assert_string_equal(fault.field, "database");
}

static void a_place_that_is_not_known_is_refused(void **unused)
{
    const struct store_place place = {.directory = directories[0], .database = "mysql://nowhere/"};
    struct store *store = NULL;
    struct fault fault;

    (void)unused;
    enum rc rc = store_open(&place, &store, &fault);
    assert_true(rc == RC_INVALID || rc == RC_NOT_IMPLEMENTED); /* the latter: without libpq */
    assert_string_equal(fault.field, "database");
    assert_false(store_exists(directories[0]));
}

static enum kind kinds[] = {OWN, MEMORY, POSTGRES};

#define OF_EACH(test)                                                                                        \
    {"events.db: " #test, test, set_up, tear_down, &kinds[0]},                                               \
        {"memory: " #test, test, set_up, tear_down, &kinds[1]},                                              \
    {                                                                                                        \
        "postgres: " #test, test, set_up, tear_down, &kinds[2]                                               \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        OF_EACH(what_is_stored_is_there_after_a_new_start),
        OF_EACH(a_copy_is_no_log),
        OF_EACH(no_id_is_given_out_twice),
        OF_EACH(a_turn_that_is_given_up_leaves_nothing),
        OF_EACH(a_session_that_ended_at_rest_costs_no_turn),
        OF_EACH(a_batch_that_is_refused_is_nowhere),
        OF_EACH(a_batch_in_doubt_is_stored_or_refused_in_the_end),
        OF_EACH(nodes_see_each_others_batches_in_one_order),
        OF_EACH(large_batches_are_read_in_order),
        OF_EACH(one_node_at_a_time_holds_the_turn),
        OF_EACH(who_follows_is_woken_by_others_alone),
        OF_EACH(a_log_that_went_back_is_known),
        OF_EACH(a_log_that_went_back_forgets_nothing),
        OF_EACH(what_is_forgotten_is_in_no_byte_of_the_log),
        OF_EACH(a_log_is_filled_with_anothers_batches),
        OF_EACH(a_directorys_ledger_moves_with_it),
        OF_EACH(nodes_know_of_each_other_and_have_the_same_settings),
        OF_EACH(what_is_left_is_claimed_once),
        OF_EACH(what_is_left_is_gone_when_its_time_is_over),
        OF_EACH(tables_of_another_version_are_brought_up_or_refused),
        {"a_place_that_is_not_known_is_refused", a_place_that_is_not_known_is_refused, set_up, tear_down,
         NULL},
    };
    has_postgres = postgres_server_start();
    int failed = cmocka_run_group_tests_name("log", tests, NULL, NULL);
    postgres_server_stop();
    return failed;
}
