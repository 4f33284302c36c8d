#include "acts.h"

#include "app/access.h"
#include "app/course_overview.h"
#include "app/learner_courses.h"

/* A learner's courses as they go on with them, and a course in one line. */

static const char *const items[] = {"a", "b", "c"}, *const types[] = {"video", "lab", "video"};

static uint32_t course_key(const char *id)
{
    struct view view = model_read_begin(engine_model(engine));
    uint32_t key = view_course_key(view, id, strlen(id));

    model_read_end(view);
    return key;
}

static const struct learner *anna(void)
{
    struct view view = model_read_begin(engine_model(engine));
    const struct learner *learner = view_learner(view, view_learner_key(view, "anna", 4));

    model_read_end(view);
    return learner; /* nobody writes */
}

static struct learner_courses *courses_of(const struct learner *learner, const struct caller *reader,
                                          uint64_t first, uint32_t count)
{
    struct learner_courses *courses =
        learner_courses_new(engine_model(engine), learner, reader, first, count);
    struct fault fault = {NULL, NULL};
    bool done = false;

    assert_non_null(courses);
    for (int steps = 0; !done; steps++) {
        assert_true(steps < 1000);
        assert_int_equal(learner_courses_step(courses, &done, &fault), RC_OK);
    }
    return courses;
}

static const char *next_of(const struct learner_course *course)
{
    struct view view = model_read_begin(engine_model(engine));
    const char *id = course->next_item ? view_id(view, ENTITY_ITEM, course->next_item).bytes : NULL;

    model_read_end(view);
    return id;
}

static void the_newest_activity_comes_first_a_page_at_a_time(void **unused)
{
    static const char *const want[] = {"c2", "c4", "c3", "c1", "c0"};
    char course[8], item[8];

    (void)unused;
    for (int i = 0; i < 5; i++) {
        (void)snprintf(course, sizeof course, "c%d", i);
        (void)snprintf(item, sizeof item, "i%d", i);
        (void)report("anna", course, item);
    }
    (void)say("anna", "c2", "i2", (struct report){.has = HAS_TIME_SPENT, .time_spent_ms = 1000});
    for (uint64_t first = 0; first < 7; first += 2) {
        struct learner_courses *courses = courses_of(anna(), NULL, first, 2);
        uint32_t count = first < 5 ? first == 4 ? 1 : 2 : 0;
        assert_int_equal(learner_courses_total(courses), 5);
        assert_int_equal(learner_courses_count(courses), count);
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(learner_courses_at(courses, i)->enrolment->course, course_key(want[first + i]));
        learner_courses_free(courses);
    }
    struct learner_courses *nobody = courses_of(NULL, NULL, 0, 10);
    assert_int_equal(learner_courses_total(nobody), 0);
    assert_int_equal(learner_courses_count(nobody), 0);
    learner_courses_free(nobody);
    learner_courses_free(NULL);
}

static void what_comes_next_is_in_progress_or_open(void **unused)
{
    static const struct {
        const char *what, *item;
        struct report report;
        const char *next;
    } rows[] = {
        {"the first is open", NULL, {0}, "a"},
        {"the last is in progress",
         "c",
         {.has = HAS_WATCHED | HAS_TIME_SPENT, .watched_s = 5, .time_spent_ms = 9},
         "c"},
        {"another is, touched later", "b", {.has = HAS_TIME_SPENT, .time_spent_ms = 9}, "b"},
        {"which is completed", "b", {.has = HAS_STATUS, .status = ITEM_COMPLETED}, "c"},
        {"and so is that", "c", {.has = HAS_STATUS, .status = ITEM_COMPLETED}, "a"},
        {"nothing is open", "a", {.has = HAS_STATUS, .status = ITEM_COMPLETED}, NULL},
    };

    (void)unused;
    (void)declare("c1", items, types, COUNT(items));
    (void)do_one(
        (struct command){.kind = CMD_ENROL, .face = FACE_PTS, .learner = text("anna"), .course = text("c1")});
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].item)
            (void)say("anna", "c1", rows[i].item, rows[i].report);
        struct learner_courses *courses = courses_of(anna(), NULL, 0, 5);
        const char *next = next_of(learner_courses_at(courses, 0));
        if (!next != !rows[i].next || (next && strcmp(next, rows[i].next) != 0))
            fail_msg("%s: %s", rows[i].what, next ? next : "nothing");
        learner_courses_free(courses);
    }
    struct learner_courses *courses = courses_of(anna(), NULL, 0, 5);
    assert_true(learner_courses_at(courses, 0)->time_spent_ms == 18);
    assert_int_equal(learner_courses_at(courses, 0)->facts.required, 3);
    learner_courses_free(courses);
}

static void staff_see_the_courses_that_are_theirs(void **unused)
{
    struct staff staff[] = {{{"tom", 3}, false}, {{"olga", 4}, true}};
    struct put_item item = {.id = {"x", 1}, .required = true};
    struct course_put put = {
        .title = {"t", 1}, .items = &item, .item_count = 1, .staff = staff, .staff_count = 2};
    static const struct {
        const char *who;
        unsigned roles;
        uint32_t sees;
        enum staff_listing listed;
    } rows[] = {
        {"tom", ROLE_INSTRUCTOR, 2, STAFF_LISTED},   {"ulla", ROLE_INSTRUCTOR, 1, STAFF_NOT_LISTED},
        {"olga", ROLE_OWNER, 1, STAFF_LISTED_OWNER}, {"olga", ROLE_INSTRUCTOR, 2, STAFF_LISTED},
        {"tom", ROLE_STUDENT, 0, STAFF_NOT_LISTED},  {"tom", ROLE_OWNER, 0, STAFF_NOT_LISTED},
    };

    (void)unused;
    (void)do_one((struct command){.kind = CMD_COURSE_PUT,
                                  .face = FACE_CATALOG,
                                  .course = text("listed"),
                                  .actor = text("admin"),
                                  .put = &put});
    (void)report("anna", "listed", "x");
    (void)report("anna", "open", "y"); /* lists nobody: any instructor's */
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct caller reader = {.roles = rows[i].roles};
        reader.id_size = (uint32_t)snprintf(reader.id, sizeof reader.id, "%s", rows[i].who);
        struct learner_courses *courses = courses_of(anna(), &reader, 0, 5);
        struct view view = model_read_begin(engine_model(engine));
        enum staff_listing listed = access_listed(&reader, view, view_course_key(view, "listed", 6));
        enum staff_listing open = access_listed(&reader, view, view_course_key(view, "open", 4));
        model_read_end(view);
        if (learner_courses_total(courses) != rows[i].sees || listed != rows[i].listed ||
            open != STAFF_NOT_LISTED)
            fail_msg("row %zu: %u, %d", i, learner_courses_total(courses), (int)listed);
        learner_courses_free(courses);
    }
}

static void a_course_in_one_line(void **unused)
{
    (void)unused;
    (void)declare("c1", items, types, COUNT(items));
    struct view view = model_read_begin(engine_model(engine));
    struct course_overview nobody = course_overview(view, view_course_key(view, "c1", 2), 20000);
    model_read_end(view);
    assert_int_equal(nobody.enrolments, 0);
    assert_int_equal(nobody.average_hundredths, 0);
    assert_int_equal(nobody.last_activity_ms, INSTANT_NEVER);
    for (size_t i = 0; i < COUNT(items); i++)
        (void)report("anna", "c1", items[i]);
    (void)report("berta", "c1", "a");
    view = model_read_begin(engine_model(engine));
    const struct learner *berta = view_learner(view, view_learner_key(view, "berta", 5));
    struct course_overview both = course_overview(view, view_course_key(view, "c1", 2), 20000);
    assert_int_equal(both.enrolments, 2);
    assert_int_equal(both.completed, 1);
    assert_int_equal(both.average_hundredths, 6667); /* of 100 % and a third */
    assert_int_equal(both.last_activity_ms, berta->enrolments[0].last_activity_ms);
    assert_true(item_is_video(view_item(view, view_item_key(view, "a", 1))));
    assert_false(item_is_video(view_item(view, view_item_key(view, "b", 1))));
    model_read_end(view);
    (void)report("carl", "c9", "untyped");
    view = model_read_begin(engine_model(engine));
    assert_true(item_is_video(view_item(view, view_item_key(view, "untyped", 7)))); /* it may be one */
    model_read_end(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_newest_activity_comes_first_a_page_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(what_comes_next_is_in_progress_or_open, begin, end),
        cmocka_unit_test_setup_teardown(staff_see_the_courses_that_are_theirs, begin, end),
        cmocka_unit_test_setup_teardown(a_course_in_one_line, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
