#include "directory.h"

#include <sqlite3.h>
#include <sys/stat.h>

static void a_backup_is_restored_into_an_empty_directory_alone(void **unused)
{
    struct store *store = open_at(directory);
    char file[160], other[160];
    struct fault fault;
    uint64_t events = 0;
    (void)unused;
    strcpy(file, path_of("backup"));
    strcpy(other, path_of("other"));
    assert_int_equal(mkdir(other, 0700), 0);
    add_event(store, "a");
    assert_int_equal(store_backup(directory, file, NULL, &events, &fault),
                     RC_OK); /* beside a store that is open */
    assert_int_equal(events, 1);
    assert_int_equal(store_backup(directory, file, NULL, &events, &fault), RC_CONFLICT);
    assert_int_equal(store_backup(other, file, NULL, &events, &fault), RC_NOT_FOUND);
    add_event(store, "b");
    store_close(store);
    assert_int_equal(store_restore(directory, file, NULL, &events, &fault), RC_CONFLICT);
    assert_int_equal(store_restore(other, path_of("nothing"), NULL, &events, &fault), RC_NOT_FOUND);
    assert_int_equal(store_restore(other, file, NULL, &events, &fault), RC_OK);
    store = open_at(other);
    assert_int_equal(events_in(store), 1);
    store_close(store);
}

struct seen {
    struct store *store;
    const char *what;
    uint64_t done, total;
    int calls, kinds;
};

/* Of each kind of work what is done only grows. */
static void see(void *arg, const char *what, const char *unit, uint64_t done, uint64_t total)
{
    struct seen *seen = arg;

    assert_non_null(unit);
    if (what == seen->what)
        assert_true(done > seen->done);
    seen->kinds += what != seen->what;
    assert_true(done <= total);
    if (seen->calls == 0)
        add_event(seen->store, "while it is copied");
    *seen = (struct seen){seen->store, what, done, total, seen->calls + 1, seen->kinds};
}

/* Also while somebody writes: the copy is of one instant, and what came later is not in it. */
static void how_far_a_copy_is_is_told(void **unused)
{
    struct store *store = open_at(directory);
    struct seen seen = {.store = store};
    struct store_watch watch = {see, &seen};
    char file[160];
    struct fault fault;
    uint64_t events = 0;
    sqlite3 *db;
    (void)unused;
    strcpy(file, path_of("watched"));
    assert_int_equal(sqlite3_open(path_of("events.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE padding(x)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(
            db,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
            " INSERT INTO padding SELECT zeroblob(4000) FROM n; DELETE FROM padding; DROP TABLE padding",
            NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    add_event(store, "a");
    assert_int_equal(store_backup(directory, file, &watch, &events, &fault), RC_OK);
    assert_int_equal(events, 1);
    assert_in_range(seen.calls, 3, 5); /* 3,000 pages, 1,024 at a time: it did not start again */
    assert_string_equal(seen.what, "copying");
    assert_int_equal(seen.done, seen.total);
    assert_int_equal(seen.kinds, 1);
    assert_int_equal(events_in(store), 2);
    store_close(store);
}

static void a_backup_that_was_changed_is_refused(void **unused)
{
    static const char *const changes[] = {
        "UPDATE event SET body = x'00'",
        "CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM event; END",
        "DROP TABLE ledger",
        "UPDATE meta SET value = 99 WHERE name = 'schema'",
        "UPDATE meta SET value = -1 WHERE name = 'record_id'",
    };
    struct store *store = open_at(directory);
    char file[160], other[160];
    struct fault fault;
    uint64_t events;
    (void)unused;
    add_event(store, "a");
    store_close(store);
    strcpy(file, path_of("backup"));
    strcpy(other, path_of("other"));
    assert_int_equal(mkdir(other, 0700), 0);
    for (size_t i = 0; i < COUNT(changes); i++) {
        sqlite3 *db;
        assert_int_equal(store_backup(directory, file, NULL, &events, &fault), RC_OK);
        assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, changes[i], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        enum rc rc = store_restore(other, file, NULL, &events, &fault);
        if ((rc != RC_INVALID && rc != RC_INTERNAL) || store_exists(other))
            fail_msg("%s: rc %d", changes[i], (int)rc);
        unlink(file);
    }
}

static void a_store_takes_the_place_of_an_empty_one_alone(void **unused)
{
    char from[160], into[160];
    struct fault fault;
    (void)unused;
    strcpy(from, path_of("from"));
    strcpy(into, path_of("into"));
    assert_int_equal(mkdir(from, 0700), 0);
    assert_int_equal(mkdir(into, 0700), 0);
    struct store *store = open_at(from);
    add_event(store, "a");
    assert_true(store_has_room(store));
    store_close(store);
    assert_int_equal(store_replace_empty(into, from, &fault), RC_OK);
    assert_false(store_exists(from));
    store = open_at(into);
    assert_int_equal(events_in(store), 1);
    store_close(store);
    store = open_at(from);
    store_close(store);
    assert_int_equal(store_replace_empty(into, from, &fault), RC_CONFLICT); /* somebody is in it */
    store_remove(from);
    assert_int_not_equal(access(from, F_OK), 0);
}

static void what_was_deleted_is_in_no_byte(void **unused)
{
    struct store *store = open_at(directory);
    const uint64_t sequence = 1;
    const struct store_forgetting what = {.sequences = &sequence, .sequence_count = 1};
    char command[256];
    struct fault fault;
    (void)unused;
    add_event(store, "a very secret body");
    assert_int_equal(store_erase_some(store, &what, 0, &fault), RC_OK);
    assert_int_equal(store_scrub_events(store, &fault), RC_OK);
    snprintf(command, sizeof command, "! grep -rq 'very secret' %s", directory);
    assert_int_equal(system(command), 0);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_backup_is_restored_into_an_empty_directory_alone, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(how_far_a_copy_is_is_told, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(a_backup_that_was_changed_is_refused, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(a_store_takes_the_place_of_an_empty_one_alone, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(what_was_deleted_is_in_no_byte, make_directory, remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
