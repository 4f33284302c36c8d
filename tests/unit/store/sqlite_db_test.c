#include "directory.h"

#include "store/sqlite/sqlite_db.h"

static sqlite3 *open_db(bool reader)
{
    sqlite3 *db = NULL;
    struct fault fault;
    if (sqlite_open_file(path_of("a.db"), reader, &db, &fault) != RC_OK)
        fail_msg("%s", fault_why(&fault));
    return db;
}

static sqlite3 *filled(void)
{
    sqlite3 *db = open_db(false);
    struct fault fault;
    assert_int_equal(sqlite_run(db,
                                "PRAGMA journal_mode=WAL; CREATE TABLE meta(name TEXT, value);"
                                "INSERT INTO meta VALUES('number', 7), ('text', 'seven');"
                                "CREATE TABLE n(n INTEGER PRIMARY KEY); INSERT INTO n VALUES(1), (2), (3);",
                                &fault),
                     RC_OK);
    return db;
}

static void numbers_and_texts_are_read(void **unused)
{
    sqlite3 *db = filled();
    char text[8];
    (void)unused;
    assert_int_equal(sqlite_meta_number(db, "number"), 7);
    assert_int_equal(sqlite_meta_number(db, "none"), -1);
    sqlite_meta_text(db, "text", text, sizeof text);
    assert_string_equal(text, "seven");
    sqlite_meta_text(db, "none", text, sizeof text);
    assert_string_equal(text, "");
    assert_int_equal(sqlite_one_number(db, "SELECT max(n) FROM n"), 3);
    assert_int_equal(sqlite_one_number(db, "SELECT n FROM n WHERE n > 3"), -1);
    assert_int_equal(sqlite_one_number(db, "SELECT no such thing"), -1);
    assert_int_equal(sqlite3_close(db), SQLITE_OK); /* no statement is left */
}

static enum rc add_number(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    (void)fault;
    *(int64_t *)arg += sqlite3_column_int64(row, 0);
    return *(int64_t *)arg >= 3 ? RC_ENOUGH : RC_OK;
}

static void rows_are_walked_until_it_is_enough(void **unused)
{
    static const char *const sql[] = {"SELECT n FROM n WHERE n >= ?1 ORDER BY n",
                                      "DELETE FROM n WHERE n = ?1"};
    sqlite3 *db = filled();
    sqlite3_stmt *statements[2] = {NULL}, *none = NULL;
    int64_t sum = 0, again = 0;
    struct fault fault;
    (void)unused;
    assert_int_equal(sqlite_walk(db, "SELECT n FROM n WHERE n > ?1 ORDER BY n", 0, add_number, &sum, &fault),
                     RC_OK);
    assert_int_equal(sum, 3); /* of 1 and 2 */
    assert_int_equal(sqlite_walk(db, "SELECT", 0, add_number, &sum, &fault), RC_INTERNAL);
    assert_string_equal(fault.message, "the store failed");
    assert_true(sqlite_prepare_all(db, sql, statements, 2));
    (void)sqlite3_bind_int64(statements[0], 1, 3);
    assert_int_equal(sqlite_each_row(statements[0], add_number, &again, &fault), RC_OK);
    assert_int_equal(again, 3);
    assert_int_equal(sqlite_each_row(NULL, add_number, &again, &fault), RC_INTERNAL);
    assert_true(sqlite_bind_run(statements[1], 3));
    (void)sqlite3_bind_int64(statements[1], 1, 2);
    assert_true(sqlite_step_done(statements[1]));
    assert_int_equal(sqlite_one_number(db, "SELECT count(*) FROM n"), 1);
    assert_false(sqlite_prepare_all(db, (const char *const[]){"SELECT"}, &none, 1));
    for (int i = 0; i < 2; i++)
        (void)sqlite3_finalize(statements[i]);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Whether it may go better later decides what the client hears; what SQLite says is for the operator. */
static void an_error_passes_or_stays(void **unused)
{
    static const struct {
        int code;
        bool passes;
    } rows[] = {{SQLITE_FULL, true},          {SQLITE_BUSY, true},   {SQLITE_BUSY_SNAPSHOT, true},
                {SQLITE_NOMEM, true},         {SQLITE_IOERR, false}, {SQLITE_IOERR_FSYNC, false},
                {SQLITE_CORRUPT_VTAB, false}, {SQLITE_ERROR, false}};
    sqlite3 *db = filled(), *other = open_db(false);
    struct fault fault;
    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(sqlite_is_passing(rows[i].code), rows[i].passes);
    assert_int_equal(sqlite_run(other, "BEGIN IMMEDIATE", &fault), RC_OK);
    (void)sqlite3_busy_timeout(db, 1);
    assert_int_equal(sqlite_run(db, "BEGIN IMMEDIATE", &fault), RC_BUSY);
    assert_null(strstr(fault.message, "locked"));
    assert_non_null(strstr(fault_why(&fault), "locked"));
    assert_int_equal(sqlite_fail(NULL, "what", &fault), RC_BUSY);
    assert_string_equal(fault_why(&fault), "what: out of memory");
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_reader_cannot_write(void **unused)
{
    sqlite3 *db = filled(), *reader = open_db(true), *none = NULL;
    struct fault fault;
    (void)unused;
    assert_int_equal(sqlite_one_number(reader, "SELECT count(*) FROM n"), 3);
    assert_int_equal(sqlite_run(reader, "DELETE FROM n", &fault), RC_INTERNAL);
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(sqlite_open_file(path_of("none.db"), true, &none, &fault), RC_INTERNAL);
    (void)sqlite3_close(none);
}

static void the_wal_is_emptied_and_files_go(void **unused)
{
    sqlite3 *db = filled();
    struct fault fault;
    (void)unused;
    assert_int_equal(sqlite_scrub(db, 0, &fault), RC_OK);
    FILE *wal = fopen(path_of("a.db-wal"), "r");
    assert_non_null(wal);
    assert_int_equal(fgetc(wal), EOF);
    fclose(wal);
    sqlite_remove_file(path_of("a.db"));
    assert_int_not_equal(access(path_of("a.db"), F_OK), 0);
    assert_int_not_equal(access(path_of("a.db-wal"), F_OK), 0);
    (void)sqlite3_close(db);
    sqlite_remove_file(path_of("a.db")); /* also when it is not there */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_and_texts_are_read, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(rows_are_walked_until_it_is_enough, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(an_error_passes_or_stays, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(a_reader_cannot_write, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(the_wal_is_emptied_and_files_go, make_directory, remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
