#include "directory.h"

#include "store/sqlite/sqlite.h"
#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_events.h"
#include "store/sqlite/sqlite_schema.h"

static void every_part_of_an_event_is_in_its_checksum(void **unused)
{
    struct stored_event event = {1, 2, 3, 4, (const uint8_t *)"body", 4}, other = event;
    uint32_t crc = sqlite_event_crc(&event);
    (void)unused;
    other.sequence++;
    assert_int_not_equal(sqlite_event_crc(&other), crc);
    other = event, other.learner++;
    assert_int_not_equal(sqlite_event_crc(&other), crc);
    other = event, other.kind++;
    assert_int_not_equal(sqlite_event_crc(&other), crc);
    other = event, other.at_ms++;
    assert_int_not_equal(sqlite_event_crc(&other), crc);
    other = event, other.body = (const uint8_t *)"bodz";
    assert_int_not_equal(sqlite_event_crc(&other), crc);
    event.body_size = other.body_size = 0;
    event.body = NULL; /* where SQLite has an empty one */
    assert_int_equal(sqlite_event_crc(&event), sqlite_event_crc(&other));
}

/* A copy of a log elsewhere is not synced, but knows how far it goes. */
static void a_copy_knows_how_far_it_goes(void **unused)
{
    const struct stored_event event = {
        .sequence = 7, .learner = 1, .kind = 1, .body = (const uint8_t *)"a", .body_size = 1};
    const struct store_batch batch = {.id = {{0xff, 1, 2}},
                                      .turn = 9,
                                      .events = &event,
                                      .event_count = 1,
                                      .counters = {.sequence = 8, .record_id = 3}};
    struct store *store;
    struct fault fault;
    (void)unused;
    for (int copy = 0; copy < 2; copy++) {
        assert_int_equal(sqlite_open(directory, copy, &store, &fault), RC_OK);
        assert_int_equal(sqlite_one_number(store->events, "PRAGMA synchronous"), copy ? 1 : 2);
        assert_int_equal(store_copied(store).number, 0);
        sqlite_close(store);
    }
    assert_int_equal(sqlite_open(directory, true, &store, &fault), RC_OK);
    assert_int_equal(store_copy(store, &batch, &fault), RC_OK);
    assert_int_equal(store_copied(store).number, 9);
    sqlite_close(store);
    assert_int_equal(sqlite_open(directory, true, &store, &fault), RC_OK);
    assert_int_equal(sqlite_read_counters(store, &fault), RC_OK);
    assert_int_equal(store_copied(store).number, 9);
    struct log_turn copied = store_copied(store);
    assert_memory_equal(&copied.batch, &batch.id, sizeof batch.id);
    assert_int_equal(store_counters(store).record_id, 3);
    assert_int_equal(sqlite_run(store->events, "DELETE FROM meta WHERE name = 'log_id';", &fault), RC_OK);
    assert_int_equal(sqlite_read_counters(store, &fault), RC_INTERNAL); /* and no log has the number -1 */
    sqlite_close(store);
}

static void the_schema_is_brought_up_once(void **unused)
{
    struct store *store;
    struct fault fault;
    (void)unused;
    assert_int_equal(sqlite_store_new(directory, &store, &fault), RC_OK);
    assert_int_equal(sqlite_take_lock(store, directory, &fault), RC_OK);
    assert_int_equal(sqlite_open_events(store, false, &fault), RC_OK);
    assert_true(sqlite_schema_is_ours(store->events, SQLITE_SCHEMA_VERSION));
    assert_false(sqlite_schema_is_ours(store->events, SQLITE_SCHEMA_VERSION - 1));
    assert_false(sqlite_schema_is_ours(store->events, 0));
    assert_int_equal(sqlite_bring_schema_up(store, &fault), RC_OK); /* nothing is left to do */
    assert_int_equal(sqlite_run(store->events, "CREATE TABLE more(x)", &fault), RC_OK);
    assert_false(sqlite_schema_is_ours(store->events, SQLITE_SCHEMA_VERSION));
    assert_int_equal(sqlite_run(store->events, "UPDATE meta SET value = 99 WHERE name = 'schema'", &fault),
                     RC_OK);
    assert_int_equal(sqlite_bring_schema_up(store, &fault), RC_INTERNAL);
    assert_non_null(strstr(fault_why(&fault), "newer"));
    assert_int_equal(sqlite_run(store->events, "UPDATE meta SET value = 0 WHERE name = 'schema'", &fault),
                     RC_OK);
    assert_int_equal(sqlite_bring_schema_up(store, &fault), RC_INTERNAL);
    sqlite_close(store);
    sqlite_close(NULL);
}

static void a_path_that_is_too_long_is_refused(void **unused)
{
    char path[SQLITE_PATH_BYTES];
    struct store *store;
    struct fault fault;
    (void)unused;
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(sqlite_store_new(path, &store, &fault), RC_INTERNAL);
    assert_int_equal(sqlite_open("/nowhere/at/all", false, &store, &fault), RC_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_of_an_event_is_in_its_checksum),
        cmocka_unit_test_setup_teardown(a_copy_knows_how_far_it_goes, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(the_schema_is_brought_up_once, make_directory, remove_directory),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
