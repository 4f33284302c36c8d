#include "directory.h"

#include <sqlite3.h>

/* The store through store.h: what is committed comes back, what fails is not there. */

static struct store *open_store(void)
{
    return open_at(directory);
}

static void what_was_committed_is_there_after_reopening(void **unused)
{
    struct store *store = open_store();
    struct fault fault;
    struct stored_event event = {
        .sequence = 1, .learner = 1, .kind = 1, .at_ms = 5, .body = (const uint8_t *)"abc", .body_size = 3};
    struct store_id id = {STORE_LEARNER, 1, "anna", 4};
    struct store_log log = {
        .log_id = 9, .learner = 1, .date_ms = 3, .members = (const uint8_t *)"m", .members_size = 1};
    struct store_batch batch = {.events = &event,
                                .event_count = 1,
                                .ids = &id,
                                .id_count = 1,
                                .logs = &log,
                                .log_count = 1,
                                .counters = {.sequence = 1, .log_id = 9, .record_id = 4, .enrolment_id = 2}};
    int events = 0;
    (void)unused;
    assert_int_equal(store_commit(store, &batch, &fault), RC_OK);
    store_close(store);
    store = open_store();
    assert_int_equal(store_each_event(store, 0, count_event, &events, &fault), RC_OK);
    assert_int_equal(events, 1);
    assert_int_equal(store_counters(store).record_id, 4);
    assert_int_equal(store_counters(store).log_id, 9);
    store_close(store);
}

/* A visit holds no connection: more walks within each other than there are connections. */
struct nested {
    struct store *store;
    int depth, logs;
};

static enum rc walk_again(void *arg, const struct store_log *log, struct fault *fault)
{
    struct nested *nested = arg;
    uint32_t learner = 0;
    assert_memory_equal(log->members, "m", 1);
    assert_int_equal(store_log_owner(nested->store, log->log_id, &learner, fault), RC_OK);
    nested->logs++;
    if (nested->depth++ < 8)
        assert_int_equal(store_each_log(nested->store, 1, NULL, walk_again, nested, fault), RC_OK);
    return RC_OK;
}

static void a_visit_holds_no_connection(void **unused)
{
    struct store *store = open_store();
    struct nested nested = {.store = store};
    struct fault fault;
    (void)unused;
    assert_int_equal(store_each_log(store, 1, NULL, walk_again, &nested, &fault), RC_OK);
    assert_int_equal(nested.logs, 9);
    store_close(store);
}

/* Pages meet without gap or repeat, also where dates are equal and where a page begins after a given entry.
 */
struct listing {
    int64_t last_ms;
    uint64_t last_id;
    int count;
};

static enum rc in_order(void *arg, const struct store_log *log, struct fault *fault)
{
    struct listing *listing = arg;
    (void)fault;
    assert_true(log->date_ms < listing->last_ms ||
                (log->date_ms == listing->last_ms && log->log_id < listing->last_id));
    assert_int_equal(log->members_size, log->log_id % 3 ? 2 : 0);
    listing->last_ms = log->date_ms;
    listing->last_id = log->log_id;
    listing->count++;
    return RC_OK;
}

static void pages_of_logs_meet(void **unused)
{
    enum { LOGS = 1000 };
    struct store *store = open_store();
    struct store_log logs[LOGS];
    struct store_batch batch = {.logs = logs, .log_count = LOGS, .counters = store_counters(store)};
    struct listing all = {INT64_MAX, 0, 0}, some = all;
    struct log_filter filter = {.has_before = true, .before_ms = 7, .before_id = 500};
    struct fault fault;
    (void)unused;
    for (uint64_t i = 0; i < LOGS; i++)
        logs[i] = (struct store_log){.log_id = 100 + i,
                                     .learner = 2,
                                     .date_ms = (int64_t)(i % 10),
                                     .members = (const uint8_t *)"mm",
                                     .members_size = (100 + i) % 3 ? 2 : 0};
    assert_int_equal(store_commit(store, &batch, &fault), RC_OK);
    assert_int_equal(store_each_log(store, 2, NULL, in_order, &all, &fault), RC_OK);
    assert_int_equal(all.count, LOGS);
    assert_int_equal(store_each_log(store, 2, &filter, in_order, &some, &fault), RC_OK);
    assert_int_equal(some.count, 740); /* 700 of the days 0 to 6, and of the 7th those with smaller ids */
    store_close(store);
}

static void a_second_process_is_refused(void **unused)
{
    struct store *store = open_store(), *second = NULL;
    struct fault fault = {NULL, NULL};
    (void)unused;
    assert_int_equal(store_open(&(struct store_place){.directory = directory}, &second, &fault), RC_CONFLICT);
    assert_non_null(strstr(fault.message, "another milepost"));
    store_close(store);
}

static void a_flipped_byte_is_found(void **unused)
{
    char path[128];
    sqlite3 *db;
    struct fault fault = {NULL, NULL};
    int events = 0;
    (void)unused;
    snprintf(path, sizeof path, "%s/events.db", directory);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE event SET body = x'616264' WHERE sequence = 1", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    struct store *store = open_store();
    assert_int_equal(store_each_event(store, 0, count_event, &events, &fault), RC_INTERNAL);
    assert_string_equal(fault.message, "the store failed"); /* all that a client may hear */
    assert_non_null(strstr(fault_why(&fault), "event 1 is damaged (checksum)"));
    store_close(store);
}

static void a_newer_schema_is_refused(void **unused)
{
    char path[128];
    sqlite3 *db;
    struct store *store = NULL;
    struct fault fault = {NULL, NULL};
    (void)unused;
    snprintf(path, sizeof path, "%s/events.db", directory);
    sqlite3_open(path, &db);
    sqlite3_exec(db, "UPDATE meta SET value = 99 WHERE name = 'schema'", NULL, NULL, NULL);
    sqlite3_close(db);
    assert_int_equal(store_open(&(struct store_place){.directory = directory}, &store, &fault), RC_INTERNAL);
    assert_non_null(strstr(fault.message, "newer"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_committed_is_there_after_reopening),
        cmocka_unit_test(a_visit_holds_no_connection),
        cmocka_unit_test(pages_of_logs_meet),
        cmocka_unit_test(a_second_process_is_refused),
        cmocka_unit_test(a_flipped_byte_is_found),
        cmocka_unit_test(a_newer_schema_is_refused),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
