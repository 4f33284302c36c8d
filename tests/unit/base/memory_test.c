#include "test.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"

/* What happens when the system has no memory for us: here it is allowed none. */

static rlim_t address_space(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu", &pages), 1);
    (void)fclose(file);
    return pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void what_is_asked_for_comes_out_of_the_reserve(void **unused)
{
    static void *held[1 << 16];
    struct rlimit before, none;
    size_t count = 0;

    (void)unused;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* the sanitizer asks for pages of its own, and ends when it gets none */
#endif
    assert_true(memory_ready());
    assert_false(memory_was_out());
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    none = before;
    none.rlim_cur = address_space(); /* not a page more */
    assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
    while (count < COUNT(held) && (held[count] = malloc(64 * 1024)))
        count++; /* what malloc has left */
    void *bytes = memory_noted_malloc(64 * 1024);
    bool noted = memory_was_out();
    bool ready = memory_ready(); /* the reserve is spent, and there is none to be had */
    for (size_t i = 0; i < count; i++)
        free(held[i]);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_non_null(bytes);
    memset(bytes, 1, 64 * 1024);
    free(bytes);
    assert_true(noted);
    assert_false(ready);
    assert_true(memory_ready());
    assert_false(memory_was_out());
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_asked_for_comes_out_of_the_reserve)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
