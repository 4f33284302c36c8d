#include "directory.h"

#include <sqlite3.h>

#include "store/sqlite/sqlite_checkpoint.h"
#include "store/sqlite/sqlite_db.h"

static const struct checkpoint_row course = {CHECKPOINT_COURSE, 1, (const uint8_t *)"c", 1},
                                   learner = {CHECKPOINT_LEARNER, 1, (const uint8_t *)"l", 1},
                                   gone = {CHECKPOINT_COURSE, 1, NULL, 0};

static enum rc count_row(void *arg, const struct checkpoint_row *row, struct fault *fault)
{
    (void)row;
    (void)fault;
    ++*(int *)arg;
    return RC_OK;
}

static int rows_in(struct store *store)
{
    struct fault fault;
    int count = 0;
    assert_int_equal(store_each_checkpoint_row(store, count_row, &count, &fault), RC_OK);
    return count;
}

static void write_rows(struct store *store, uint64_t sequence)
{
    struct fault fault;
    assert_int_equal(store_checkpoint_begin(store, &fault), RC_OK);
    assert_int_equal(store_checkpoint_row(store, &course, &fault), RC_OK);
    assert_int_equal(store_checkpoint_row(store, &learner, &fault), RC_OK);
    assert_int_equal(store_checkpoint_commit(store, sequence, 8000, &fault), RC_OK);
}

static void write_many_rows(struct store *store)
{
    static uint8_t body[2000];
    struct fault fault;
    assert_int_equal(store_checkpoint_begin(store, &fault), RC_OK);
    for (uint32_t key = 1; key <= 2000; key++)
        assert_int_equal(
            store_checkpoint_row(store, &(struct checkpoint_row){CHECKPOINT_LEARNER, key, body, sizeof body},
                                 &fault),
            RC_OK);
    assert_int_equal(store_checkpoint_commit(store, 1, 8000, &fault), RC_OK);
}

/* What a start made of the rows stays in memory; the rows' own pages do not. */
static void reading_and_resting_keep_few_pages(void **unused)
{
    enum { FEW_BYTES = 1 << 20 };
    struct store *store = open_at(directory);
    (void)unused;
    int64_t before = sqlite3_memory_used();
    add_event(store, "a");
    write_many_rows(store);
    assert_true(sqlite3_memory_used() - before > FEW_BYTES);
    store_checkpoint_rest(store);
    assert_true(sqlite3_memory_used() - before < FEW_BYTES);
    assert_int_equal(rows_in(store), 2000);
    assert_true(sqlite3_memory_used() - before < FEW_BYTES);
    store_close(store);
}

static void rows_are_there_once_they_are_committed(void **unused)
{
    struct store *store = open_at(directory);
    struct fault fault;
    (void)unused;
    add_event(store, "a");
    assert_int_equal(store_checkpoint_begin(store, &fault), RC_OK);
    assert_int_equal(store_checkpoint_row(store, &course, &fault), RC_OK);
    store_checkpoint_rollback(store);
    store_checkpoint_rollback(store); /* fine when none is open */
    assert_int_equal(rows_in(store), 0);
    assert_int_equal(store_checkpoint_sequence(store), 0);
    write_rows(store, 1);
    store_close(store);
    store = open_at(directory);
    assert_int_equal(rows_in(store), 2);
    assert_int_equal(store_checkpoint_sequence(store), 1);
    assert_int_equal(store_checkpoint_threshold(store), 8000);
    assert_int_equal(store_checkpoint_begin(store, &fault), RC_OK);
    assert_int_equal(store_checkpoint_row(store, &gone, &fault), RC_OK);
    assert_int_equal(store_checkpoint_commit(store, 1, 8000, &fault), RC_OK);
    assert_int_equal(rows_in(store), 1);
    assert_int_equal(store_scrub_checkpoint(store, &fault), RC_OK);
    assert_int_equal(store_checkpoint_discard(store, &fault), RC_OK);
    assert_int_equal(rows_in(store), 0);
    store_close(store);
}

static enum rc count_sequence(void *arg, uint64_t sequence, struct fault *fault)
{
    (void)sequence;
    (void)fault;
    ++*(int *)arg;
    return RC_OK;
}

static void a_learners_events_are_forgotten(void **unused)
{
    const struct event_ref refs[] = {{1, 1}, {70000, 1}, {2, 2}}; /* by learner; in two buckets */
    struct store *store = open_at(directory);
    struct fault fault;
    int first = 0, second = 0;
    (void)unused;
    assert_int_equal(store_checkpoint_begin(store, &fault), RC_OK);
    assert_int_equal(store_checkpoint_events(store, refs, 3, &fault), RC_OK);
    assert_int_equal(store_checkpoint_commit(store, 0, 0, &fault), RC_OK);
    assert_int_equal(store_each_indexed(store, 1, count_sequence, &first, &fault), RC_OK);
    assert_int_equal(first, 2);
    assert_int_equal(store_checkpoint_begin(store, &fault), RC_OK);
    assert_int_equal(store_checkpoint_forget(store, 1, &fault), RC_OK);
    assert_int_equal(store_checkpoint_commit(store, 0, 0, &fault), RC_OK);
    first = 0;
    assert_int_equal(store_each_indexed(store, 1, count_sequence, &first, &fault), RC_OK);
    assert_int_equal(store_each_indexed(store, 2, count_sequence, &second, &fault), RC_OK);
    assert_int_equal(first, 0);
    assert_int_equal(second, 1);
    store_close(store);
}

/* Row: what is done to a checkpoint of one row and sequence 1, which is then worth nothing. */
static void one_that_is_not_ours_is_made_anew(void **unused)
{
    static const char *const changes[] = {
        "UPDATE meta SET value = 'another' WHERE name = 'store'",
        "UPDATE meta SET value = 99 WHERE name = 'generation'",
        "UPDATE meta SET value = 1 WHERE name = 'layout'",
        "UPDATE meta SET value = 2 WHERE name = 'mark'", /* ahead of the events */
        "DELETE FROM meta",
    };
    (void)unused;
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct store *store = open_at(directory);
        sqlite3 *db;
        if (store_counters(store).sequence == 0)
            add_event(store, "a");
        write_rows(store, 1);
        store_close(store);
        assert_int_equal(sqlite3_open(path_of("checkpoint.db"), &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, changes[i], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        store = open_at(directory);
        if (rows_in(store) != 0 || store_checkpoint_sequence(store) != 0)
            fail_msg("kept after: %s", changes[i]);
        store_close(store);
    }
    FILE *damaged = fopen(path_of("checkpoint.db"), "w");
    fputs("this is no database, though it is long enough to be looked at as one", damaged);
    fclose(damaged);
    struct store *store = open_at(directory);
    assert_int_equal(rows_in(store), 0);
    store_close(store);
}

static void a_new_generation_takes_the_place_of_the_old(void **unused)
{
    struct store *store = open_at(directory);
    char first[SQLITE_PATH_BYTES], second[SQLITE_PATH_BYTES];
    struct fault fault;
    (void)unused;
    sqlite_checkpoint_path(store, 1, first);
    sqlite_checkpoint_path(store, 2, second);
    assert_string_equal(first, path_of("checkpoint.db"));
    assert_string_equal(second, path_of("checkpoint-2.db"));
    add_event(store, "a");
    write_rows(store, 1);
    assert_int_equal(store_renew_begin(store, &fault), RC_OK);
    assert_int_equal(rows_in(store), 0);
    assert_int_equal(access(first, F_OK), 0); /* until the new one is whole */
    write_rows(store, 1);
    assert_int_equal(store_renew_end(store, &fault), RC_OK);
    assert_int_not_equal(access(first, F_OK), 0);
    store_close(store);
    store = open_at(directory);
    assert_int_equal(rows_in(store), 2);
    sqlite_close_checkpoint(store);
    sqlite_close_checkpoint(store); /* fine when it is closed */
    assert_int_equal(sqlite_open_checkpoint(store, &fault), RC_OK);
    assert_int_equal(store_checkpoint_sequence(store), 1);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_are_there_once_they_are_committed, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(reading_and_resting_keep_few_pages, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(a_learners_events_are_forgotten, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(one_that_is_not_ours_is_made_anew, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(a_new_generation_takes_the_place_of_the_old, make_directory,
                                        remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
