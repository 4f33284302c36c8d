#include "test.h"

#include "base/text.h"

static void equal_texts_are_equal_bytes(void **unused)
{
    static const struct {
        struct text a, b;
        bool equal;
    } rows[] = {
        {{"ab", 2}, {"ab", 2}, true},      {{"ab", 2}, {"ac", 2}, false}, {{"ab", 2}, {"abc", 3}, false},
        {{"a\0b", 3}, {"a\0c", 3}, false}, {{"", 0}, {"", 0}, true},      {{NULL, 0}, {"", 0}, false},
        {{"", 0}, {NULL, 0}, false},       {{NULL, 0}, {NULL, 0}, true},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (text_equal(rows[i].a, rows[i].b) != rows[i].equal)
            fail_msg("row %zu", i);
}

static void a_word_is_found_whole_or_not_at_all(void **unused)
{
    static const struct {
        const char *list, *separators, *word;
        bool found;
    } rows[] = {
        {"a", ", ", "a", true},
        {"ab, a", ", ", "a", true},
        {"ab,abc", ", ", "a", false},
        {"ba", ", ", "a", false},
        {"https://a.org https://b.org", ", ", "https://b.org", true},
        {"https://a.org.evil", ", ", "https://a.org", false},
        {"open|strict", "|", "strict", true},
        {"open|strict", "|", "stric", false},
        {"open|strict", "|", "pen", false},
        {"a", ", ", "", false},
        {"", ", ", "a", false},
        {NULL, ", ", "a", false},
        {"a", ", ", NULL, false},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (text_in_list(rows[i].list, rows[i].separators, rows[i].word) != rows[i].found)
            fail_msg("row %zu", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_are_equal_bytes),
        cmocka_unit_test(a_word_is_found_whole_or_not_at_all),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
