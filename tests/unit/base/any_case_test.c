#include "test.h"

#include "base/any_case.h"

static void a_part_is_found_in_any_case(void **unused)
{
    static const struct {
        const char *part, *text;
        bool found;
    } rows[] = {
        {"sail", "Sailing", true},
        {"SAIL", "to sail", true},
        {"ing", "Sailing", true},
        {"sails", "Sailing", false},
        {"", "Sailing", true},
        {"", "", true},
        {"a", "", false},
        {"über", "ÜBER UNS", true},
        {"ÜB", "drüben", true},
        {"ub", "drüben", false},
        {"ΑΒΓ", "αβγδ", true},
        {"λόγος", "ΛΌΓΟΣ", true}, /* the sigma at a word's end has the same capital as any other */
        {"ΛΌΓΟΣ", "λόγος", true},
        {"λόγοσ", "λόγος", true},
        {"straße", "STRAẞE", true},
        {"aab", "aaab", true},
        {"ж", "ПОХОЖЕ", true},
        {"日本", "日本語", true},
        {"sailing ", "Sailing", false},
        {"a", NULL, false},
        {"", NULL, false},
    };
    struct arena arena;

    (void)unused;
    arena_init(&arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct any_case part;
        const char *text = rows[i].text;
        assert_true(any_case_make(&arena, rows[i].part, &part));
        if (any_case_is_in(&part, (struct text){text, text ? (uint32_t)strlen(text) : 0}) != rows[i].found)
            fail_msg("row %zu", i);
    }
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_part_is_found_in_any_case)};
    return cmocka_run_group_tests_name("any_case", tests, NULL, NULL);
}
