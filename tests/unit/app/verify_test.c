#include "acts.h"

#include <sqlite3.h>

#include "app/verify.h"

/* verify finds what is not what the events say, and names it: one byte at a time is changed under it. */

static char first_difference[256];

static void note_difference(void *arg, const char *difference)
{
    ++*(int *)arg;
    if (!*first_difference)
        (void)snprintf(first_difference, sizeof first_difference, "%s", difference);
}

static void ignore_progress(void *arg, uint64_t events)
{
    (void)arg;
    (void)events;
}

static enum rc verified(struct verify_result *result, struct fault *fault)
{
    int told = 0;
    struct verify_watch watch = {&told, ignore_progress, note_difference};

    *first_difference = '\0';
    enum rc rc = verify_store(store, &watch, result, fault);
    if (rc == RC_OK)
        assert_int_equal(told, result->differences < 20 ? result->differences : 20); /* the first of them */
    return rc;
}

static void change(const char *file, const char *sql)
{
    char path[128], *message = NULL;
    sqlite3 *database;

    (void)snprintf(path, sizeof path, "%s/%s", directory, file);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    assert_int_not_equal(sqlite3_changes(database), 0);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* Events of every layer, and a checkpoint of all of them; then the files are closed. */
static void a_store_of_all_sorts(void)
{
    static const char *const items[] = {"i1", "i2"}, *const types[] = {"video", "lab"};
    struct fault fault = {NULL, NULL};

    (void)declare("c1", items, types, 2);
    (void)report("anna", "c1", "i1");
    (void)report("berta", "c1", "i2");
    (void)add_log("anna", '1');
    (void)add_log("anna", '2');
    (void)add_log("anna", '3');
    (void)change_log("anna", 3, 0);
    (void)change_log("anna", 2, '7');
    assert_int_equal(engine_set_threshold(engine, 9000, &fault), RC_OK);
    assert_int_equal(engine_checkpoint(engine, &fault), RC_OK);
}

static void close_both(void)
{
    engine_free(engine);
    engine = NULL;
    store_close(store);
}

static const struct {
    const char *file, *sql, *says; /* says NULL: verify ends with an error */
    bool mends;
} rows[] = {
    {"checkpoint.db", "DELETE FROM learner WHERE key = 1", "the row is missing", false},
    {"checkpoint.db", "UPDATE course SET body = x'00' WHERE key = 1", "not what the events say", false},
    {"checkpoint.db", "UPDATE item SET body = body || x'00' WHERE key = 2", "not what the events say", false},
    {"checkpoint.db", "INSERT INTO item VALUES(99, x'01')", "a row for nobody", false},
    {"checkpoint.db", "DELETE FROM learner_event WHERE learner = 2", "the index knows", false},
    {"checkpoint.db", "DELETE FROM learner_event WHERE learner = 0", "the catalogue's event", false},
    {"checkpoint.db", "UPDATE learner_event SET learner = 77 WHERE learner = 2", "who is nobody", false},
    {"checkpoint.db", "UPDATE meta SET value = 7000 WHERE name LIKE 'threshold%'", "completion threshold",
     false},
    {"events.db", "DELETE FROM log_entry WHERE log_id = 1", "is not what the events say", true},
    {"events.db", "UPDATE log_entry SET members = x'00' WHERE log_id = 2", "is not what the events say",
     true},
    {"events.db", "UPDATE log_entry SET date_ms = date_ms + 1 WHERE log_id = 2", "is not what the events say",
     true},
    {"events.db", "UPDATE log_entry SET gone = 0 WHERE log_id = 3", "should not be there", true},
    {"events.db", "UPDATE log_total SET entries = 9", "their total should be 2 entries", true},
    {"events.db", "DELETE FROM log_total", "their total should be 2 entries", true},
    {"events.db", "UPDATE event SET body = x'ff' WHERE sequence = 2", NULL, false},
};

static void each_change_is_found_and_named(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct verify_result result;
        struct fault fault = {NULL, NULL};
        assert_int_equal(begin(state), 0);
        a_store_of_all_sorts();
        close_both();
        store = open_store();
        assert_int_equal(verified(&result, &fault), RC_OK);
        if (result.differences)
            fail_msg("before: %s", first_difference);
        assert_true(result.has_checkpoint);
        assert_int_equal(result.logs, 2);
        store_close(store);
        change(rows[i].file, rows[i].sql);
        store = open_store();
        enum rc rc = verified(&result, &fault);
        if (!rows[i].says ? rc != RC_INTERNAL
                          : rc != RC_OK || result.differences == 0 || !strstr(first_difference, rows[i].says))
            fail_msg("%s: rc %d, %s", rows[i].sql, (int)rc,
                     rc == RC_OK ? first_difference : fault_why(&fault));
        if (rows[i].mends) {
            uint64_t mended;
            assert_int_equal(verify_mend_logs(store, &mended, &fault), RC_OK);
            assert_int_equal(verified(&result, &fault), RC_OK);
            if (result.differences)
                fail_msg("%s, mended: %s", rows[i].sql, first_difference);
        }
        assert_int_equal(end(state), 0);
    }
}

/* More than fits in a row of commits: all of them are mended, and each is told of once. */
static void many_entries_are_mended(void **unused)
{
    struct verify_result result;
    struct fault fault = {NULL, NULL};
    uint64_t mended = 0;

    (void)unused;
    for (int i = 0; i < 1500; i++)
        (void)add_log("anna", '1');
    close_both();
    change("events.db", "UPDATE log_entry SET gone = 1, members = x'' WHERE log_id % 2 = 0");
    store = open_store();
    assert_int_equal(verified(&result, &fault), RC_OK);
    assert_int_equal(result.differences, 750);
    assert_int_equal(verify_mend_logs(store, &mended, &fault), RC_OK);
    assert_int_equal(mended, 750);
    assert_int_equal(verified(&result, &fault), RC_OK);
    assert_int_equal(result.differences, 0);
}

static void report_typed(const char *user, const char *course, const char *item)
{
    struct item_report one = {.item = text(item),
                              .course = text(course),
                              .type = text("video"),
                              .report = {.has = HAS_STATUS, .status = ITEM_COMPLETED}};

    (void)do_one((struct command){.kind = CMD_REPORTS,
                                  .face = FACE_TRK,
                                  .learner = text(user),
                                  .reports = &one,
                                  .report_count = 1,
                                  .all_or_nothing = true});
}

/* What is kept is what the events say that are left; the files are closed, and the store opened again. */
static void verify_clean(const char *what, struct verify_result *out)
{
    struct fault fault = {NULL, NULL};

    assert_int_equal(engine_checkpoint(engine, &fault), RC_OK);
    close_both();
    store = open_store();
    assert_int_equal(verified(out, &fault), RC_OK);
    if (out->differences)
        fail_msg("%s: %s", what, first_difference);
}

/* An item that erika alone reported was taken from one observed course by the declaration of another: when
 * her erasure took the report away, the log has no more what brought the item there, and yet all that is kept
 * must be what the log says. In each row something else becomes of the two courses before it. */
static void a_course_that_lost_what_an_erased_one_brought(void **unused)
{
    static const char *const items[] = {"x"}, *const types[] = {NULL};
    static const struct {
        const char *what;
        bool undeclared, declared_itself, two;
    } cases[] = {{"taken", false, false, false},
                 {"taken, and let go again", true, false, false},
                 {"taken, and the loser declared", false, true, false},
                 {"two taken", false, false, true}};

    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        static const char *const both[] = {"x", "w"}, *const neither[] = {NULL, NULL};
        static const char *const own[] = {"y"};
        struct verify_result result;
        struct fault fault = {NULL, NULL};
        assert_int_equal(begin(NULL), 0);
        report_typed("bob", "c3", "y");
        report_typed("erika", "c3", "x");
        report_typed("erika", "c3", "w");
        report_typed("bob", "c3", "w"); /* its coming is not hers alone */
        (void)declare("c4", cases[i].two ? both : items, cases[i].two ? neither : types, 1 + cases[i].two);
        if (cases[i].undeclared)
            (void)do_one((struct command){.kind = CMD_COURSE_DELETE,
                                          .face = FACE_CATALOG,
                                          .course = text("c4"),
                                          .actor = text("admin")});
        if (cases[i].declared_itself)
            (void)declare("c3", own, types, 1);
        assert_int_equal(engine_checkpoint(engine, &fault), RC_OK);
        (void)do_one((struct command){.kind = CMD_ERASE, .face = FACE_LEARNER, .learner = text("erika")});
        struct view view = model_read_begin(engine_model(engine));
        const struct course_def *course = view_course(view, view_course_key(view, "c3", 2));
        assert_true(course &&
                    course->shrunk_at_ms > 0); /* when bob's w, or her x, went: that instant stays */
        model_read_end(view);
        verify_clean(cases[i].what, &result);
        assert_int_equal(end(NULL), 0);
    }
}

/* bob leaves an observed course of which erika told an item, or is certified in it: what he keeps is what it
 * was then, though nobody finds her item any more who folds the log again. */
static void who_leaves_keeps_what_was_complete_then(void **unused)
{
    static const char *const items[] = {"x"}, *const types[] = {NULL};
    static const struct {
        const char *what;
        enum command_kind leaves;
        bool taken; /* her item went to another course before: he was complete from then on */
    } cases[] = {{"dropped", CMD_DROP, false},
                 {"expired", CMD_EXPIRE, false},
                 {"dropped, her item taken", CMD_DROP, true},
                 {"expired, her item taken", CMD_EXPIRE, true},
                 {"certified, her item taken", CMD_CERTIFY, true}};

    (void)unused;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct verify_result result;
        uint32_t bob;
        assert_int_equal(begin(NULL), 0);
        report_typed("bob", "c3", "y");
        report_typed("erika", "c3", "x");
        if (cases[i].taken)
            (void)declare("c4", items, types, 1);
        (void)do_one((struct command){.kind = cases[i].leaves,
                                      .face = FACE_PTS,
                                      .learner = text("bob"),
                                      .course = text("c3"),
                                      .url = text("https://a/b")});
        (void)do_one((struct command){.kind = CMD_ERASE, .face = FACE_LEARNER, .learner = text("erika")});
        bob = key_of("bob");
        struct view view = model_read_begin(engine_model(engine));
        const struct enrolment *enrolment =
            learner_enrolment(view_learner(view, bob), view_course_key(view, "c3", 2));
        assert_non_null(enrolment);
        assert_int_equal(enrolment->completed_at_ms != INSTANT_NEVER, cases[i].taken);
        model_read_end(view);
        verify_clean(cases[i].what, &result);
        assert_int_equal(end(NULL), 0);
    }
}

static void enrol(const char *user, const char *course)
{
    (void)do_one(
        (struct command){.kind = CMD_ENROL, .face = FACE_PTS, .learner = text(user), .course = text(course)});
}

/* What had told of a course went with erika, and bob had enrolled in it meanwhile: his enrolment tells of it.
 * And when she alone had kept it while an erasure before hers told when it lost an item, hers tells it again.
 */
static void a_course_that_only_an_enrolment_kept(void **unused)
{
    static const char *const items[] = {"x"}, *const types[] = {NULL};

    (void)unused;
    for (int twice = 0; twice < 2; twice++) {
        struct verify_result result;
        assert_int_equal(begin(NULL), 0);
        report_typed(twice ? "hans" : "erika", "c3", "x");
        enrol(twice ? "erika" : "bob", "c3");
        if (twice) {
            (void)declare("c4", items, types, 1);
            (void)do_one((struct command){.kind = CMD_ERASE, .face = FACE_LEARNER, .learner = text("hans")});
            report_typed("bob", "c3", "z");
        }
        (void)do_one((struct command){.kind = CMD_ERASE, .face = FACE_LEARNER, .learner = text("erika")});
        verify_clean(twice ? "hers alone" : "his", &result);
        assert_int_equal(result.courses, twice ? 2 : 1);
        assert_int_equal(end(NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_is_found_and_named),
        cmocka_unit_test(a_course_that_lost_what_an_erased_one_brought),
        cmocka_unit_test(a_course_that_only_an_enrolment_kept),
        cmocka_unit_test(who_leaves_keeps_what_was_complete_then),
        cmocka_unit_test_setup_teardown(many_entries_are_mended, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
