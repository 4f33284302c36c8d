#include "acts.h"

#include <sqlite3.h>

#include "model/judge.h"
#include "store/checkpoint.h"

/* What a start does with the events after the checkpoint, and what ends it. */

static bool stop_at_once(void)
{
    return true;
}

/* Events and no checkpoint: a start folds all of them. */
static int begin_unfolded(void **state)
{
    static const char *const items[] = {"i1"}, *const types[] = {"lab"};
    struct fault fault;

    if (begin(state) != 0)
        return -1;
    (void)report("anna", "c1", "i1");
    (void)declare("c1", items, types, 1);
    (void)report("berta", "c1", "i1");
    engine_free(engine);
    engine = NULL;
    return store_checkpoint_discard(store, &fault) == RC_OK ? 0 : -1;
}

static enum rc start(const struct policy *policy, struct fault *fault)
{
    *fault = (struct fault){NULL, NULL};
    return engine_new(store, policy, NULL, &engine, fault);
}

static void events_are_folded(void **unused)
{
    struct policy policy = {.now_ms = now_ms};
    struct fault fault;

    (void)unused;
    assert_int_equal(start(&policy, &fault), RC_OK);
    struct view view = model_read_begin(engine_model(engine));
    assert_int_equal(model_published(view.model), store_counters(store).sequence);
    assert_non_null(view_learner(view, view_learner_key(view, "berta", 5)));
    assert_true(view_course(view, view_course_key(view, "c1", 2))->declared);
    model_read_end(view);
}

static void a_start_can_be_ended(void **unused)
{
    struct policy policy = {.now_ms = now_ms, .stop = stop_at_once};
    struct fault fault;

    (void)unused;
    assert_int_equal(start(&policy, &fault), RC_BUSY);
    assert_string_equal(fault.message, "the start was ended");
    policy.stop = NULL;
    assert_int_equal(start(&policy, &fault), RC_OK); /* nothing is the worse for it */
}

static void a_judge_is_asked_of_every_event(void **unused)
{
    static const struct event_scope none = {.sequence = 1000}, all = {.learners = 9,
                                                                      .courses = 9,
                                                                      .items = 9,
                                                                      .sequence = 1000,
                                                                      .log_id = 9,
                                                                      .record_id = 9,
                                                                      .enrolment_id = 9};
    struct judge judge;
    struct policy policy = {.now_ms = now_ms, .judge = &judge};
    struct fault fault;

    (void)unused;
    assert_int_equal(judge_init(&judge, &none), RC_OK);
    assert_int_equal(start(&policy, &fault), RC_INVALID); /* a course that the file does not name */
    assert_string_equal(fault.message, judge.problem);
    judge_done(&judge);
    assert_int_equal(judge_init(&judge, &all), RC_OK);
    assert_int_equal(start(&policy, &fault), RC_OK);
    engine_free(engine);
    engine = NULL;
    judge_done(&judge);
    policy.judge = NULL;
    assert_int_equal(start(&policy, &fault), RC_OK);
}

static void an_event_that_cannot_be_read_is_named(void **unused)
{
    struct policy policy = {.now_ms = now_ms};
    struct fault fault;
    sqlite3 *database;
    char path[128];

    (void)unused;
    store_close(store);
    (void)snprintf(path, sizeof path, "%s/events.db", directory);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(database, "UPDATE event SET kind = 200 WHERE sequence = 2", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    store = open_store();
    assert_int_equal(start(&policy, &fault), RC_INTERNAL);
    assert_non_null(strstr(fault_why(&fault), "2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_are_folded, begin_unfolded, end),
        cmocka_unit_test_setup_teardown(a_start_can_be_ended, begin_unfolded, end),
        cmocka_unit_test_setup_teardown(a_judge_is_asked_of_every_event, begin_unfolded, end),
        cmocka_unit_test_setup_teardown(an_event_that_cannot_be_read_is_named, begin_unfolded, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
