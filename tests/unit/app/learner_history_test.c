#include "acts.h"

#include "app/learner_history.h"

/* What happened to a learner, newest last, a page of it. */

static struct learner_history *page_of(struct learner_history_query query)
{
    struct learner_history *history = NULL;
    struct fault fault = {NULL, NULL};
    bool done = false;

    assert_int_equal(learner_history_new(engine_history(engine), &query, &history, &fault), RC_OK);
    while (!done)
        assert_int_equal(learner_history_step(history, &done, &fault), RC_OK);
    return history;
}

static struct learner_history_query all_of(const char *user)
{
    struct view view = {engine_model(engine), false};

    return (struct learner_history_query){.learner = view_learner_key(view, user, strlen(user)),
                                          .any_course = true,
                                          .any_item = true,
                                          .logs = true,
                                          .from_ms = INT64_MIN,
                                          .to_ms = INT64_MAX,
                                          .before = UINT64_MAX,
                                          .limit = 100};
}

/* The sequences of a page, oldest first; then it is freed. */
static uint32_t sequences_of(struct learner_history *history, uint64_t *out, bool *out_more)
{
    uint32_t count = learner_history_count(history);

    for (uint32_t i = 0; i < count; i++)
        out[i] = learner_history_at(history, i)->live.sequence;
    *out_more = learner_history_has_more(history);
    learner_history_free(history);
    return count;
}

static void a_page_is_the_newest_that_pass(void **unused)
{
    struct view view = {engine_model(engine), false};
    uint64_t told[6], found[8];
    bool more;

    (void)unused;
    told[0] = report("anna", "c1", "i1");
    (void)report("berta", "c1", "i1");
    told[1] = report("anna", "c1", "i2");
    told[2] = add_log("anna", '1');
    told[3] = report("anna", "c2", "i3");
    told[4] = report("anna", "c1", "i1");
    assert_int_equal(sequences_of(page_of(all_of("anna")), found, &more), 5);
    assert_memory_equal(found, told, 5 * sizeof *told);
    assert_false(more);
    struct learner_history_query query = all_of("anna");
    query.limit = 2;
    assert_int_equal(sequences_of(page_of(query), found, &more), 2);
    assert_int_equal(found[0], told[3]);
    assert_true(more);
    query.before = found[0]; /* the page that follows */
    assert_int_equal(sequences_of(page_of(query), found, &more), 2);
    assert_int_equal(found[1], told[2]);
    assert_true(more);
    query = all_of("anna");
    query.any_course = false;
    query.course = view_course_key(view, "c1", 2);
    query.logs = false;
    assert_int_equal(sequences_of(page_of(query), found, &more), 3);
    query.any_item = false;
    query.item = view_item_key(view, "i1", 2);
    assert_int_equal(sequences_of(page_of(query), found, &more), 2);
    query.item = 0; /* one that nobody knows */
    assert_int_equal(sequences_of(page_of(query), found, &more), 0);
    query = all_of("anna");
    query.learner = 0;
    assert_int_equal(sequences_of(page_of(query), found, &more), 0);
    learner_history_free(NULL);
}

static void a_moment_is_right_after_its_event(void **unused)
{
    (void)unused;
    (void)say("carl", "c3", "i7", (struct report){.has = HAS_PERCENT, .percent_hundredths = 2500});
    (void)say("carl", "c3", "i7", (struct report){.has = HAS_PERCENT, .percent_hundredths = 10000});
    struct learner_history *history = page_of(all_of("carl"));
    assert_int_equal(learner_history_count(history), 2);
    const struct learner_moment *first = learner_history_at(history, 0), *last = first + 1;
    assert_int_equal(first->live.percent_hundredths, 2500);
    assert_int_equal(first->live.status, LIVE_IN_PROGRESS);
    assert_int_equal(last->live.percent_hundredths, 10000);
    assert_int_equal(last->live.status, LIVE_COMPLETED);
    assert_true(first->at_ms < last->at_ms);
    learner_history_free(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_the_newest_that_pass),
        cmocka_unit_test(a_moment_is_right_after_its_event),
    };
    return cmocka_run_group_tests_name("learner_history", tests, begin, end);
}
