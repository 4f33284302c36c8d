#include <stdio.h>
#include <unistd.h>

#include "cli/progress.h"
#include "test.h"

static const struct {
    uint64_t total, done;
    int64_t spent_ms;
    const char *text;
} lines[] = {
    {10, 0, 0, "moving: 0 of 10 events (0 %)"},
    {10, 5, 999, "moving: 5 of 10 events (50 %)"}, /* too soon to say how long */
    {10, 5, 1000, "moving: 5 of 10 events (50 %), 1 s left"},
    {1000, 250, 10000, "moving: 250 of 1000 events (25 %), 30 s left"},
    {10, 10, 5000, "moving: 10 of 10 events (100 %), 0 s left"},
    {10, 0, 5000, "moving: 0 of 10 events (0 %)"},   /* nothing is done: nobody knows */
    {10, 12, 2000, "moving: 12 events, 6 a second"}, /* it grew meanwhile */
    {0, 12, 2000, "moving: 12 events, 6 a second"},
    {0, 12, 0, "moving: 12 events, 0 a second"},
    {UINT64_MAX, UINT64_MAX, 1, "moving: 18446744073709551615 of 18446744073709551615 events (100 %)"},
};

static void a_line_says_how_far_and_how_long(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct progress progress = {.what = "moving", .unit = "events", .total = lines[i].total};
        char text[256];

        progress_text(&progress, lines[i].done, lines[i].spent_ms, text, sizeof text);
        assert_string_equal(text, lines[i].text);
    }
}

/* What a child of this program writes on stderr, which is a file here and no terminal. */
static void run_with_stderr(void (*work)(void), char *out, size_t size)
{
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);

    assert_non_null(file);
    assert_int_equal(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
    work();
    (void)fflush(stderr);
    assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
    (void)close(before);
    rewind(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    (void)fclose(file);
}

static void be_quick(void)
{
    struct progress progress;

    progress_begin(&progress, "verify", "events", 10);
    progress_show(&progress, 5);
    progress_end(&progress);
}

/* As if it had begun, and said something, long ago. */
static void be_slow(void)
{
    struct progress progress = {.what = NULL};

    progress_watch(&progress, "copying", "pages", 1, 10);
    progress.began_ms -= 10000;
    progress.shown_ms -= 10000;
    progress_watch(&progress, "copying", "pages", 5, 10);
    progress_watch(&progress, "copying", "pages", 6, 10);   /* too soon after */
    progress_watch(&progress, "checking", "events", 6, 10); /* something else begins anew */
    progress_end(&progress);
}

static void on_a_terminal(void)
{
    struct progress progress = {.what = "verify", .unit = "events", .total = 10, .terminal = true};

    progress_show(&progress, 5);
    progress_end(&progress);
    progress_end(&progress); /* it is gone */
}

static void only_what_takes_long_is_told(void **unused)
{
    char said[512];
    (void)unused;
    run_with_stderr(be_quick, said, sizeof said);
    assert_string_equal(said, "");
    run_with_stderr(be_slow, said, sizeof said);
    assert_string_equal(said, "milepost: copying: 5 of 10 pages (50 %), 10 s left\n");
    run_with_stderr(on_a_terminal, said, sizeof said);
    assert_true(strncmp(said, "\rmilepost: verify: 5 of 10 events (50 %)", 40) == 0);
    assert_string_equal(said + strlen(said) - 7, "\033[K\r\033[K");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_how_far_and_how_long),
        cmocka_unit_test(only_what_takes_long_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
