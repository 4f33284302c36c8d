#include "acts.h"

#include "app/erase_plan.h"
#include "app/history.h"
#include "app/history_model.h"
#include "app/log_history.h"
#include "app/log_life.h"
#include "app/rollback.h"
#include "app/sequences.h"
#include "app/verify.h"
#include "base/instant.h"
#include "model/fold.h"

/* What was: bounds, log entries then and now, the life of one, a rollback, an erasure; and that verify finds
 * nothing afterwards. One learner writes, changes, rolls back; another stands by. */

/* ---- lists of sequences ---- */

static void sequences_are_sorted_and_each_is_there_once(void **unused)
{
    static const uint64_t numbers[] = {9, 2, 7, 2, 9, 1};
    struct sequences list = {0};

    (void)unused;
    assert_false(sequences_has(&list, 1));
    for (size_t i = 0; i < COUNT(numbers); i++)
        assert_true(sequences_add(&list, numbers[i]));
    sequences_settle(&list);
    assert_int_equal(list.count, 4);
    assert_int_equal(list.at[0], 1);
    assert_int_equal(list.at[3], 9);
    assert_true(sequences_has(&list, 7));
    assert_false(sequences_has(&list, 8));
    sequences_done(&list);
    assert_int_equal(list.count, 0);
}

/* ---- bounds ---- */

static void a_bound_is_an_event_of_theirs_or_an_instant(void **unused)
{
    const struct history *history = engine_history(engine);
    uint64_t mine = report("anna", "c1", "i1"), other = report("berta", "c1", "i2");
    struct sequences own = {0};
    char digits[2][32];
    const struct {
        const char *text;
        bool readable;
        enum rc rc;
        bool by_instant;
    } rows[] = {
        {digits[0], true, RC_OK, false},
        {digits[1], true, RC_INVALID, false}, /* somebody else's */
        {"0", true, RC_INVALID, false},
        {"-4", false, RC_INVALID, false},
        {"2026-01-02T03:04:05Z", true, RC_OK, true},
        {"2026-01-02", true, RC_OK, true},
        {"yesterday", false, RC_INVALID, true},
        {"", false, RC_INVALID, true},
    };
    struct fault fault;

    (void)unused;
    (void)snprintf(digits[0], sizeof digits[0], "%llu", (unsigned long long)mine);
    (void)snprintf(digits[1], sizeof digits[1], "%llu", (unsigned long long)other);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bound bound;
        if ((history_readable(rows[i].text, "as_of", &fault) == RC_OK) != rows[i].readable ||
            history_bound(history, key_of("anna"), rows[i].text, "as_of", &bound, &fault) != rows[i].rc ||
            (rows[i].rc == RC_OK && bound.by_instant != rows[i].by_instant))
            fail_msg("%s", rows[i].text);
        if (rows[i].rc != RC_OK)
            assert_string_equal(fault.field, "as_of");
    }
    assert_int_equal(history_sequences(history, key_of("anna"), &own, &fault), RC_OK);
    assert_int_equal(own.count, 1);
    assert_int_equal(own.at[0], mine);
    assert_int_equal(engine_checkpoint(engine, &fault), RC_OK); /* now found in the index, not in the tail */
    sequences_done(&own);
    assert_int_equal(history_sequences(history, key_of("anna"), &own, &fault), RC_OK);
    assert_int_equal(own.count, 1);
    sequences_done(&own);
}

static void a_learner_is_as_they_were(void **unused)
{
    const struct history *history = engine_history(engine);
    struct fault fault;

    (void)unused;
    uint64_t first = report("anna", "c1", "i1");
    (void)report("anna", "c1", "i2");
    (void)report("anna", "c2", "i3");
    struct bound bound = {.sequence = first};
    struct model *model;
    assert_int_equal(history_model(history, key_of("anna"), &bound, &model, &fault), RC_OK);
    const struct learner *then = view_learner((struct view){model, false}, key_of("anna"));
    assert_non_null(then);
    assert_int_equal(then->record_count, 1);
    assert_int_equal(then->enrolment_count, 1);
    model_free(model);
}

/* ---- log entries ---- */

static int visits;

static enum rc count_row(void *arg, const struct store_log *log, struct fault *fault)
{
    (void)arg;
    (void)fault;
    visits += log->log_id > 0;
    return RC_OK;
}

static enum log_change changes[16];

static enum rc note_change(void *arg, const struct log_event *event, enum log_change change,
                           const struct log_state *after, struct fault *fault)
{
    (void)arg;
    (void)fault;
    assert_true((after == NULL) == (change == LOG_DELETED || change == LOG_REMOVED_BY_ROLLBACK));
    assert_int_not_equal(event->sequence, 0);
    changes[visits++] = change;
    return RC_OK;
}

static void roll_back(const char *user, const char *to)
{
    struct rollback rollback;
    struct fault fault = {NULL, NULL};

    if (rollback_prepare(engine_history(engine), key_of(user), to, "to", &arena, &rollback, &fault) != RC_OK)
        fail_msg("%s", fault.message);
    (void)do_one((struct command){
        .kind = CMD_LOGS_ROLL_BACK, .face = FACE_LOGS, .learner = text(user), .rollback = &rollback});
}

static size_t entries_at(const char *user, uint64_t sequence)
{
    struct bound bound = {.sequence = sequence};
    struct log_entries entries;
    struct fault fault;

    assert_int_equal(history_logs(engine_history(engine), key_of(user), &bound, &entries, &fault), RC_OK);
    size_t count = entries.count;
    log_entries_done(&entries);
    return count;
}

static void log_entries_then_and_now(void **unused)
{
    static const enum log_change want[] = {LOG_CREATED, LOG_UPDATED, LOG_DELETED, LOG_ROLLED_BACK};
    struct fault fault;
    char to[32];
    uint32_t owner;

    (void)unused;
    assert_false(log_history_any(engine_history(engine), key_of("anna")));
    uint64_t first = add_log("anna", '1'), second = add_log("anna", '2');
    (void)snprintf(to, sizeof to, "%llu", (unsigned long long)change_log("anna", 1, '3'));
    uint64_t last = change_log("anna", 1, 0);
    assert_true(log_history_any(engine_history(engine), key_of("anna")));
    assert_int_equal(entries_at("anna", first), 1);
    assert_int_equal(entries_at("anna", second), 2);
    assert_int_equal(entries_at("anna", last), 1);
    roll_back("anna", to);
    assert_int_equal(entries_at("anna", UINT64_MAX), 2);
    assert_int_equal(log_history_wait(engine_history(engine), key_of("anna"), &fault), RC_OK);
    visits = 0;
    assert_int_equal(log_history_each(engine_history(engine), key_of("anna"), NULL, count_row, NULL, &fault),
                     RC_OK);
    assert_int_equal(visits, 2);
    assert_int_equal(log_history_owner(engine_history(engine), 2, &owner, &fault), RC_OK);
    assert_int_equal(owner, key_of("anna"));
    assert_int_equal(log_history_owner(engine_history(engine), 77, &owner, &fault), RC_NOT_FOUND);
    visits = 0;
    assert_int_equal(history_of_log(engine_history(engine), key_of("anna"), 1, note_change, NULL, &fault),
                     RC_OK);
    assert_int_equal(visits, COUNT(want));
    assert_memory_equal(changes, want, sizeof want);
}

static void a_rollback_takes_back_what_came_later(void **unused)
{
    static const enum log_change want[] = {LOG_CREATED, LOG_REMOVED_BY_ROLLBACK};
    struct rollback left;
    struct fault fault;
    char to[32];

    (void)unused;
    (void)snprintf(to, sizeof to, "%llu", (unsigned long long)add_log("anna", '1'));
    (void)add_log("anna", '2');
    roll_back("anna", to);
    visits = 0;
    assert_int_equal(history_of_log(engine_history(engine), key_of("anna"), 2, note_change, NULL, &fault),
                     RC_OK);
    assert_int_equal(visits, COUNT(want));
    assert_memory_equal(changes, want, sizeof want);
    assert_int_equal(rollback_left(engine_history(engine), key_of("anna"), &arena, &left, &fault), RC_OK);
    assert_int_equal(left.log_count, 0);
    assert_int_equal(rollback_prepare(engine_history(engine), 0, "2026-01-01", "to", &arena, &left, &fault),
                     RC_NOT_FOUND);
}

/* Where a clock was days ahead, a bound that is an instant is looked for among all events, one by one. */
static void instants_may_go_back(void **unused)
{
    static const enum log_change want[] = {LOG_CREATED, LOG_UPDATED, LOG_UPDATED, LOG_ROLLED_BACK};
    struct fault fault;
    char between[INSTANT_TEXT_BYTES];

    (void)unused;
    int64_t began_ms = clock_ms;
    (void)add_log("anna", '1');
    clock_ms += 10 * INT64_C(86400000);
    (void)change_log("anna", 1, '2'); /* ten days ahead */
    clock_ms = began_ms + 60000;
    (void)change_log("anna", 1, '3'); /* and back */
    instant_format(began_ms + 30000, between);
    clock_ms = began_ms + 120000;
    roll_back("anna", between);
    visits = 0;
    assert_int_equal(history_of_log(engine_history(engine), key_of("anna"), 1, note_change, NULL, &fault),
                     RC_OK);
    assert_int_equal(visits, COUNT(want));
    assert_memory_equal(changes, want, sizeof want);
}

/* Rows that are more than one batch takes follow their event, by and by. */
static void many_rows_follow_their_event(void **unused)
{
    struct fault fault;

    (void)unused;
    for (int i = 0; i < 400; i++)
        (void)add_log("anna", '1');
    (void)do_one((struct command){.kind = CMD_LOGS_CLEAR, .face = FACE_LOGS, .learner = text("anna")});
    assert_int_equal(log_history_wait(engine_history(engine), key_of("anna"), &fault), RC_BUSY);
    engine_free(engine); /* as a kill would leave it */
    engine = open_engine(store);
    for (int i = 0; i < 8; i++)
        (void)report("berta", "c1", "i1");
    assert_int_equal(log_history_wait(engine_history(engine), key_of("anna"), &fault), RC_OK);
    visits = 0;
    assert_int_equal(log_history_each(engine_history(engine), key_of("anna"), NULL, count_row, NULL, &fault),
                     RC_OK);
    assert_int_equal(visits, 0);
}

static size_t rows_of(const char *user)
{
    struct fault fault;

    visits = 0;
    assert_int_equal(log_history_each(engine_history(engine), key_of(user), NULL, count_row, NULL, &fault),
                     RC_OK);
    return (size_t)visits;
}

/* Two who have rows to follow take turns; who is erased meanwhile is not in the other's way. A rollback of
 * many brings back each entry as it was, after a kill too. */
static void those_whose_rows_follow_take_turns(void **unused)
{
    enum { ENTRIES = 300 };
    struct fault fault;
    char to[32];

    (void)unused;
    for (int i = 0; i < ENTRIES; i++) {
        (void)snprintf(to, sizeof to, "%llu", (unsigned long long)add_log("anna", '1'));
        (void)add_log("berta", '2');
    }
    for (int i = 0; i < ENTRIES; i++)
        (void)change_log("anna", (uint64_t)(2 * i + 1), i % 2 ? '9' : 0);
    roll_back("anna", to);
    (void)do_one((struct command){.kind = CMD_LOGS_CLEAR, .face = FACE_LOGS, .learner = text("berta")});
    assert_int_equal(entries_at("anna", UINT64_MAX), ENTRIES);
    (void)do_one((struct command){
        .kind = CMD_ERASE, .face = FACE_LEARNER, .learner = text("berta"), .actor = text("admin")});
    engine_free(engine); /* before all of anna's rows followed */
    engine = open_engine(store);
    for (int i = 0; i < 8; i++)
        (void)report("carl", "c1", "i1");
    assert_int_equal(log_history_wait(engine_history(engine), key_of("anna"), &fault), RC_OK);
    assert_int_equal(rows_of("anna"), ENTRIES);
    assert_int_equal(key_of("berta"), 0);
}

/* ---- erasure, and what verify says ---- */

static void note_difference(void *arg, const char *text)
{
    (void)arg;
    fail_msg("%s", text);
}

static void tell_progress(void *arg, uint64_t events)
{
    (void)arg;
    (void)events;
}

static void verify_all(uint64_t events, uint64_t learners)
{
    struct verify_watch watch = {NULL, tell_progress, note_difference};
    struct verify_result result;
    struct fault fault = {NULL, NULL};

    assert_int_equal(engine_checkpoint(engine, &fault), RC_OK);
    if (verify_store(store, &watch, &result, &fault) != RC_OK)
        fail_msg("%s", fault.message);
    assert_int_equal(result.differences, 0);
    assert_int_equal(result.events, events);
    assert_int_equal(result.learners, learners);
}

static void who_is_erased_is_nowhere(void **unused)
{
    struct erase_plan plan;
    struct fault fault;
    struct staff staff = {{"anna", 4}, false};
    struct put_item item = {.id = {"i1", 2}, .required = true};
    struct course_put put = {
        .title = {"t", 1}, .items = &item, .item_count = 1, .staff = &staff, .staff_count = 1};

    (void)unused;
    (void)report("anna", "c1", "i1");
    (void)report("anna", "only-hers", "hers");
    (void)add_log("anna", '1');
    (void)report("berta", "c1", "i1");
    (void)do_one((struct command){.kind = CMD_LOCK,
                                  .face = FACE_COURSEROOM,
                                  .learner = text("berta"),
                                  .course = text("c1"),
                                  .item = text("i1"),
                                  .actor = text("anna")});
    (void)do_one((struct command){.kind = CMD_COURSE_PUT,
                                  .face = FACE_CATALOG,
                                  .course = text("c1"),
                                  .actor = text("admin"),
                                  .put = &put});
    uint64_t upto = engine_state(engine).sequence;
    assert_int_equal(erase_plan_make(engine_history(engine), text("anna"), upto, &plan, &fault), RC_OK);
    (void)report("anna", "c9", "i2"); /* after the look */
    assert_int_equal(erase_plan_extend(engine_history(engine), engine_state(engine).sequence, &plan, &fault),
                     RC_OK);
    (void)do_one(
        (struct command){.kind = CMD_ERASE, .face = FACE_LEARNER, .learner = text("anna"), .plan = &plan});
    erase_plan_done(&plan);
    assert_int_equal(key_of("anna"), 0);
    struct view view = model_read_begin(engine_model(engine));
    assert_int_equal(view_item_key(view, "hers", 4), 0); /* nobody else knew of it */
    assert_int_not_equal(view_item_key(view, "i1", 2), 0);
    assert_int_equal(view_course_staff(view, view_course_key(view, "c1", 2), "anna", 4), STAFF_NOBODY_LISTED);
    model_read_end(view);
    engine_free(engine);
    engine = open_engine(store);
    assert_int_equal(key_of("anna"), 0);
    uint64_t mended = 9;
    assert_int_equal(verify_mend_logs(store, &mended, &fault), RC_OK);
    assert_int_equal(mended, 0);
}

static void verify_agrees_with_what_was_done(void **unused)
{
    char to[32];

    (void)unused;
    (void)report("anna", "c1", "i1");
    (void)report("berta", "c1", "i1");
    (void)snprintf(to, sizeof to, "%llu", (unsigned long long)add_log("anna", '1'));
    (void)add_log("anna", '2');
    (void)change_log("anna", 1, '3');
    roll_back("anna", to);
    verify_all(engine_state(engine).sequence, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_are_sorted_and_each_is_there_once),
        cmocka_unit_test_setup_teardown(a_bound_is_an_event_of_theirs_or_an_instant, begin, end),
        cmocka_unit_test_setup_teardown(a_learner_is_as_they_were, begin, end),
        cmocka_unit_test_setup_teardown(log_entries_then_and_now, begin, end),
        cmocka_unit_test_setup_teardown(a_rollback_takes_back_what_came_later, begin, end),
        cmocka_unit_test_setup_teardown(instants_may_go_back, begin, end),
        cmocka_unit_test_setup_teardown(many_rows_follow_their_event, begin, end),
        cmocka_unit_test_setup_teardown(those_whose_rows_follow_take_turns, begin, end),
        cmocka_unit_test_setup_teardown(who_is_erased_is_nowhere, begin, end),
        cmocka_unit_test_setup_teardown(verify_agrees_with_what_was_done, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
