#include "acts.h"

#include <stdio.h>

#include "app/access.h"
#include "model/catalog.h"
#include "model/model.h"

/* Who may what, without a course: the whole table; tests/wire/access.test.mjs asks it over the wire, with
 * courses and their staff. */

static void each_rule_of_each_role(void **unused)
{
    static const enum role roles[] = {ROLE_STUDENT, ROLE_INSTRUCTOR, ROLE_OWNER, ROLE_ADMIN, ROLE_SYSTEM};
    /* a letter a role: - never, o for oneself, c where staff may, a for all */
    static const char *const want[ACCESS_RULE_COUNT] = {
        [ACCESS_PUBLIC] = "aaaaa",        [ACCESS_SERVER_KEY] = "aaaaa",   [ACCESS_WEBHOOK] = "aaaaa",
        [ACCESS_SIGNED_IN] = "aaaaa",     [ACCESS_OWN_STUDENT] = "o----",  [ACCESS_OWN] = "ooooo",
        [ACCESS_OWN_OR_SYSTEM] = "ooooa", [ACCESS_PERSON] = "oooaa",       [ACCESS_COURSE_RECORD] = "occaa",
        [ACCESS_COURSE_STAFF] = "-ccaa",  [ACCESS_CATALOG_READ] = "-ccaa", [ACCESS_ADMIN] = "---aa",
        [ACCESS_ADMIN_ALONE] = "---a-",   [ACCESS_STAFF_LIST] = "-aaaa",   [ACCESS_PERSON_LIST] = "oaaaa",
    };
    struct model *model;

    (void)unused;
    assert_int_equal(model_new(&model), RC_OK);
    struct view view = model_read_begin(model);
    for (int rule = 0; rule < ACCESS_RULE_COUNT; rule++)
        for (int i = 0; i < 5; i++) {
            struct caller caller = {.id = "anna", .id_size = 4, .roles = roles[i]};
            struct access_subject own = {"anna", 4, 0, false}, other = {"berta", 5, 0, false};
            struct fault fault;
            char letter = want[rule][i];
            bool own_counts = letter == 'o' || (letter == 'c' && rule == ACCESS_COURSE_RECORD);
            enum access_rule of = (enum access_rule)rule;
            if (access_role(of, roles[i]) != (letter != '-') ||
                (access_check(of, &caller, view, &own, &fault) == RC_OK) != (letter == 'a' || own_counts) ||
                (access_check(of, &caller, view, &other, &fault) == RC_OK) != (letter == 'a') ||
                access_needs_no_view(of, &caller, &own) != (letter == 'a' || own_counts) ||
                access_needs_no_view(of, &caller, &other) != (letter == 'a'))
                fail_msg("rule %d, role %d", rule, i);
        }
    model_read_end(view);
    model_free(model);
}

/* A course that lists tom as an instructor and olga as an owner. */
static void declare_listed(void)
{
    struct staff staff[] = {{{"tom", 3}, false}, {{"olga", 4}, true}};
    struct course_put put = {.title = {"t", 1}, .staff = staff, .staff_count = 2};

    (void)do_one((struct command){.kind = CMD_COURSE_PUT,
                                  .face = FACE_CATALOG,
                                  .course = text("listed"),
                                  .actor = text("admin"),
                                  .put = &put});
}

/* Staff act for the courses that list them, or that list nobody; owners only where they are listed as such.
 */
static void staff_act_for_their_courses(void **unused)
{
    static const struct {
        enum access_rule rule;
        enum role role;
        const char *who, *course;
        enum rc rc;
    } rows[] = {
        {ACCESS_COURSE_STAFF, ROLE_INSTRUCTOR, "tom", "listed", RC_OK},
        {ACCESS_COURSE_STAFF, ROLE_INSTRUCTOR, "ulla", "listed", RC_DENIED},
        {ACCESS_COURSE_STAFF, ROLE_INSTRUCTOR, "ulla", "open", RC_OK},
        {ACCESS_COURSE_STAFF, ROLE_INSTRUCTOR, "ulla", "unknown", RC_OK},
        {ACCESS_CATALOG_READ, ROLE_INSTRUCTOR, "ulla", "open", RC_DENIED}, /* the catalogue lists nobody */
        {ACCESS_CATALOG_READ, ROLE_INSTRUCTOR, "tom", "listed", RC_OK},
        {ACCESS_COURSE_STAFF, ROLE_OWNER, "tom", "listed", RC_DENIED},
        {ACCESS_COURSE_STAFF, ROLE_OWNER, "olga", "listed", RC_OK},
        {ACCESS_COURSE_STAFF, ROLE_STUDENT, "tom", "listed", RC_DENIED},
        {ACCESS_COURSE_RECORD, ROLE_INSTRUCTOR, "tom", "listed", RC_OK},
    };

    (void)unused;
    declare_listed();
    (void)report("anna", "open", "i1");
    struct view view = model_read_begin(engine_model(engine));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct caller caller = {.roles = rows[i].role};
        struct access_subject subject = {"anna", 4,
                                         view_course_key(view, rows[i].course, strlen(rows[i].course)), true};
        struct fault fault;
        caller.id_size = (uint32_t)snprintf(caller.id, sizeof caller.id, "%s", rows[i].who);
        if (access_check(rows[i].rule, &caller, view, &subject, &fault) != rows[i].rc)
            fail_msg("row %zu: %s in %s", i, rows[i].who, rows[i].course);
    }
    model_read_end(view);
}

/* As whom a course lists somebody counts as far as a role of theirs does. */
static void staff_of_a_course_count_by_their_role(void **unused)
{
    static const struct {
        enum role role;
        const char *who, *course;
        enum staff_listing listed;
    } rows[] = {{ROLE_INSTRUCTOR, "tom", "listed", STAFF_LISTED},
                {ROLE_OWNER, "olga", "listed", STAFF_LISTED_OWNER},
                {ROLE_STUDENT, "tom", "listed", STAFF_NOT_LISTED},
                {ROLE_INSTRUCTOR, "ulla", "listed", STAFF_NOT_LISTED},
                {ROLE_INSTRUCTOR, "tom", "other", STAFF_NOT_LISTED}};

    (void)unused;
    declare_listed();
    struct view view = model_read_begin(engine_model(engine));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct caller caller = {.roles = rows[i].role};
        caller.id_size = (uint32_t)snprintf(caller.id, sizeof caller.id, "%s", rows[i].who);
        uint32_t course = view_course_key(view, rows[i].course, strlen(rows[i].course));
        if (access_listed(&caller, view, course) != rows[i].listed)
            fail_msg("row %zu: %s in %s", i, rows[i].who, rows[i].course);
    }
    model_read_end(view);
}

/* What a face has to find out before it asks. */
static void a_rule_says_what_it_depends_on(void **unused)
{
    static const struct {
        enum access_rule rule;
        bool whose, course;
    } rows[] = {{ACCESS_PUBLIC, false, false},      {ACCESS_SIGNED_IN, false, false},
                {ACCESS_ADMIN, true, false}, /* who never may is refused there */
                {ACCESS_OWN, true, false},          {ACCESS_PERSON, true, false},
                {ACCESS_COURSE_RECORD, true, true}, {ACCESS_COURSE_STAFF, true, true},
                {ACCESS_CATALOG_READ, true, true}};

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (access_asks_whose(rows[i].rule) != rows[i].whose ||
            access_asks_course(rows[i].rule) != rows[i].course)
            fail_msg("rule %d", (int)rows[i].rule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_of_each_role), cmocka_unit_test(a_rule_says_what_it_depends_on),
        cmocka_unit_test_setup_teardown(staff_act_for_their_courses, begin, end),
        cmocka_unit_test_setup_teardown(staff_of_a_course_count_by_their_role, begin, end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
