#include "directory.h"

#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_readers.h"

static enum rc take(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    (void)fault;
    *(int64_t *)arg = sqlite3_column_int64(row, 0);
    return RC_OK;
}

static void a_pause_waits_until_all_are_back(void **unused)
{
    struct store *store = open_at(directory);
    struct sqlite_reader *readers[SQLITE_READERS];
    (void)unused;
    for (int i = 0; i < SQLITE_READERS; i++) {
        readers[i] = sqlite_lend(store);
        for (int j = 0; j < i; j++)
            assert_ptr_not_equal(readers[i], readers[j]);
    }
    for (int i = 1; i < SQLITE_READERS; i++)
        sqlite_give_back(store, readers[i]);
    assert_false(sqlite_readers_pause(store)); /* one is out for longer */
    sqlite_readers_go_on(store);
    sqlite_give_back(store, readers[0]);
    assert_true(sqlite_readers_pause(store));
    sqlite_readers_go_on(store);
    sqlite_give_back(store, sqlite_lend(store));
    store_close(store);
}

static void a_statement_is_prepared_once(void **unused)
{
    struct store *store = open_at(directory);
    struct sqlite_reader *reader = sqlite_lend(store);
    const int64_t numbers[] = {0, 9, 10};
    int64_t sequence = 0;
    struct fault fault;
    (void)unused;
    sqlite3_stmt *statement = sqlite_prepared(reader, READ_EVENTS);
    assert_non_null(statement);
    assert_ptr_equal(sqlite_prepared(reader, READ_EVENTS), statement);
    for (int i = 0; i < READ_COUNT; i++)
        assert_non_null(sqlite_prepared(reader, (enum read_statement)i));
    sqlite_give_back(store, reader);
    add_event(store, "a");
    assert_int_equal(sqlite_ask(store, READ_EVENTS, numbers, take, &sequence, &fault), RC_OK);
    assert_int_equal(sequence, 1);
    store_close(store);
}

/* The checkpoint's file may change under them. */
static void connections_to_the_checkpoint_are_replaced(void **unused)
{
    struct store *store = open_at(directory);
    int64_t last = 0;
    struct fault fault;
    (void)unused;
    sqlite_readers_close_checkpoint(store);
    assert_null(store->readers[0].checkpoint);
    assert_int_equal(sqlite_readers_open_checkpoint(store, &fault), RC_OK);
    assert_int_equal(sqlite_ask(store, READ_LAST_BUCKET, NULL, take, &last, &fault), RC_OK);
    sqlite_readers_close(store);
    assert_null(store->idle);
    assert_int_equal(sqlite_readers_open(store, &fault), RC_OK);
    sqlite_give_back(store, sqlite_lend(store));
    store_close(store);
}

static void a_store_opened_to_read_shares_its_own(void **unused)
{
    struct store *store = open_at(directory), *reader = NULL;
    struct fault fault;
    (void)unused;
    add_event(store, "a");
    assert_int_equal(store_open_reader(directory, &reader, &fault), RC_OK); /* by sqlite_readers_share */
    assert_ptr_equal(reader->readers[0].events, reader->events);
    add_event(store, "b");
    assert_int_equal(events_in(reader), 1); /* one instant */
    assert_int_equal(events_in(store), 2);
    store_close(reader);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pause_waits_until_all_are_back, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(a_statement_is_prepared_once, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(connections_to_the_checkpoint_are_replaced, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(a_store_opened_to_read_shares_its_own, make_directory,
                                        remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
