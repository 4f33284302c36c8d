#include "test.h"

#include "face/accept.h"

static void a_type_weighs_what_its_range_says(void **unused)
{
    static const struct {
        const char *accept;
        int weight; /* of text/csv */
    } rows[] = {
        {NULL, -1},
        {"", -1},
        {"*/*, text/*", -1},
        {"text/csvx", -1},
        {"text/csv", 1000},
        {"application/json,TEXT/CSV", 1000},
        {"text/csv;q=0", 0},
        {"text/csv; q=0.0, application/json", 0},
        {"text/csv;header=present;Q=0.25", 250},
        {"text/csv;q=7", 1000},
        {"text/csv;q=-1", 0},
        {"text/csv;q=", 0},
        {"text/csv;q=nan", 0},
        {"text/csv, application/json;q=0.5", 1000}, /* another's weight */
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(accept_weight(rows[i].accept, "text/csv"), rows[i].weight);
}

static void of_two_the_heavier_or_the_first(void **unused)
{
    static const struct {
        const char *accept;
        bool csv; /* rather than JSON */
    } rows[] = {
        {NULL, false},
        {"text/csv", true},
        {"application/json", false},
        {"text/csv, application/json", true},
        {"application/json, text/csv", false},
        {"application/json;q=0.2, text/csv;q=0.9", true},
        {"text/csv;q=0.1, application/json", false},
        {"text/csv;q=0, application/json;q=0", false},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(accept_prefers(rows[i].accept, "text/csv", "application/json"), rows[i].csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_weighs_what_its_range_says),
        cmocka_unit_test(of_two_the_heavier_or_the_first),
    };
    return cmocka_run_group_tests_name("accept", tests, NULL, NULL);
}
