#include "acts.h"

#include "app/course_overview.h"
#include "app/learner_courses.h"
#include "app/snapshot.h"
#include "base/instant.h"
#include "core/limits.h"

/* A learner's courses on one page, and what is said of a course in one line. */

static const char *const types[] = {"video", "quiz", "video"};

/* anna finished the first of alpha's items, then watched the first of beta's; bert finished both of alpha. */
static void a_class(void)
{
    static const char *const alpha[] = {"a1", "a2"}, *const beta[] = {"b1", "b2", "b3"};

    (void)declare("alpha", alpha, types, 2);
    (void)declare("beta", beta, types, 3);
    (void)report("anna", "alpha", "a1");
    (void)report("bert", "alpha", "a1");
    (void)report("bert", "alpha", "a2");
    (void)say("anna", "beta", "b1", (struct report){.has = HAS_WATCHED, .watched_s = 7});
}

static struct learner_courses *courses_of(struct snapshot *snapshot, const struct caller *reader,
                                          uint64_t first, uint32_t count)
{
    struct model *model = engine_model(engine);
    struct fault fault;
    bool done = false;

    struct view view = model_read_begin(model);
    snapshot_take(view, view_learner_key(view, "anna", 4), snapshot);
    model_read_end(view);
    struct learner_courses *courses = learner_courses_new(model, snapshot->learner, reader, first, count);
    assert_non_null(courses);
    while (!done)
        assert_int_equal(learner_courses_step(courses, &done, &fault), RC_OK);
    return courses;
}

static const char *course_id(const struct learner_courses *courses, uint32_t i)
{
    struct view view = model_read_begin(engine_model(engine));
    const char *id = view_id(view, ENTITY_COURSE, learner_courses_at(courses, i)->enrolment->course).bytes;

    model_read_end(view);
    return id;
}

static void the_newest_activity_comes_first(void **unused)
{
    struct snapshot snapshot;

    (void)unused;
    a_class();
    struct learner_courses *courses = courses_of(&snapshot, NULL, 0, 20);
    assert_int_equal(learner_courses_total(courses), 2);
    assert_int_equal(learner_courses_count(courses), 2);
    assert_string_equal(course_id(courses, 0), "beta");
    assert_string_equal(course_id(courses, 1), "alpha");
    const struct learner_course *beta = learner_courses_at(courses, 0),
                                *alpha = learner_courses_at(courses, 1);
    assert_true(beta->watch_ms == 7000 && alpha->watch_ms == 0);
    assert_int_equal(beta->facts.items, 3);
    struct view view = model_read_begin(engine_model(engine));
    assert_int_equal(beta->next_item, view_item_key(view, "b1", 2)); /* what is in progress, touched last */
    assert_int_equal(alpha->next_item,
                     view_item_key(view, "a2", 2)); /* the first required one that is open */
    model_read_end(view);
    assert_non_null(beta->next);
    assert_null(alpha->next);
    learner_courses_free(courses);
    snapshot_done(&snapshot);
    learner_courses_free(NULL);
}

static void a_page_begins_where_it_is_asked_to(void **unused)
{
    struct snapshot snapshot;

    (void)unused;
    a_class();
    struct learner_courses *courses = courses_of(&snapshot, NULL, 1, 20);
    assert_int_equal(learner_courses_total(courses), 2);
    assert_int_equal(learner_courses_count(courses), 1);
    assert_string_equal(course_id(courses, 0), "alpha");
    learner_courses_free(courses);
    snapshot_done(&snapshot);
}

/* A course without recorded staff is every instructor's; an owner has those alone that list them. */
static void staff_see_those_that_are_theirs(void **unused)
{
    struct snapshot snapshot;
    struct caller owner = {.roles = ROLE_OWNER, .id = "olga", .id_size = 4};

    (void)unused;
    a_class();
    struct learner_courses *courses = courses_of(&snapshot, &owner, 0, 20);
    assert_int_equal(learner_courses_total(courses), 0);
    assert_int_equal(learner_courses_count(courses), 0);
    learner_courses_free(courses);
    snapshot_done(&snapshot);
}

static void a_course_in_one_line(void **unused)
{
    (void)unused;
    a_class();
    struct view view = model_read_begin(engine_model(engine));
    struct course_overview alpha =
        course_overview(view, view_course_key(view, "alpha", 5), instant_day(clock_ms));
    struct course_overview beta =
        course_overview(view, view_course_key(view, "beta", 4), instant_day(clock_ms));
    model_read_end(view);
    assert_int_equal(alpha.enrolments, 2);
    assert_int_equal(alpha.completed, 1);
    assert_int_equal(alpha.average_hundredths, 7500); /* of 50 and 100 */
    assert_int_equal(beta.enrolments, 1);
    assert_int_equal(beta.completed, 0);
    assert_int_equal(beta.average_hundredths, 0);
    assert_true(beta.last_activity_ms > alpha.last_activity_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_newest_activity_comes_first, begin, end),
        cmocka_unit_test_setup_teardown(a_page_begins_where_it_is_asked_to, begin, end),
        cmocka_unit_test_setup_teardown(staff_see_those_that_are_theirs, begin, end),
        cmocka_unit_test_setup_teardown(a_course_in_one_line, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
