#include "acts.h"

#include "app/course_overview.h"
#include "app/service.h"
#include "app/system_figures.h"

static struct service *service;

static uint64_t count_events(void)
{
    struct event_counting counting = {0};
    struct fault fault = {NULL, NULL};
    bool done = false;

    while (!done)
        assert_int_equal(event_counting_step(service, &counting, &done, &fault), RC_OK);
    return counting.events;
}

static void figures_are_of_what_was_done(void **unused)
{
    struct fault fault = {NULL, NULL};

    (void)unused;
    assert_int_equal(service_new(engine, &service, &fault), RC_OK);
    assert_ptr_equal(service_engine(service), engine);
    assert_int_equal(commit_times(service).p50_us, 0);
    assert_int_equal(count_events(), 0);
    (void)report("anna", "c1", "i1");
    uint64_t last = report("berta", "c1", "i2");
    struct commit_times times = commit_times(service);
    assert_true(times.p50_us > 0 && times.p99_us >= times.p50_us);
    assert_int_equal(count_events(), last);
    last = report("berta", "c1", "i3");
    assert_int_equal(count_events(), last); /* only what came since is counted */
    struct system_node nodes[SYSTEM_NODES_MAX];
    assert_int_equal(system_nodes(service, nodes),
                     0); /* nobody shares it: tests/store/nodes_test.c has some */
    assert_string_equal(system_store_kind(service), "sqlite");
    assert_true(system_store_bytes(service) > 4096);
    struct view view = service_read_begin(service);
    assert_int_equal(view_ids(view, ENTITY_LEARNER), 2);
    assert_int_equal(view_ids(view, ENTITY_COURSE), 1);
    assert_int_equal(view_ids(view, ENTITY_ITEM), 3);
    struct course_overview overview = course_overview(view, view_course_key(view, "c1", 2), 0);
    assert_int_equal(overview.enrolments, 2);
    assert_int_equal(overview.average_hundredths, 5000); /* 1 and 2 of 3 */
    assert_int_not_equal(overview.last_activity_ms, INSTANT_NEVER);
    service_read_end(view);
    service_free(service);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(figures_are_of_what_was_done)};
    return cmocka_run_group_tests_name("system_figures", tests, begin, end);
}
