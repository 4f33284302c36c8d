#include "test.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "upstream/cache.h"

enum { LONG_MS = 60000 };

static void what_was_put_is_got(void **unused)
{
    struct cache *cache = cache_new(LONG_MS);
    char text[8];
    bool known;
    int64_t number;

    (void)unused;
    assert_non_null(cache);
    assert_false(cache_get(cache, "a", text, sizeof text, &known, &number));
    cache_put(cache, "a", "one", 1);
    cache_put(cache, "b", NULL, -2); /* known to be unknown */
    assert_true(cache_get(cache, "a", text, sizeof text, &known, &number));
    assert_string_equal(text, "one");
    assert_true(known);
    assert_int_equal(number, 1);
    assert_true(cache_get(cache, "b", text, sizeof text, &known, &number));
    assert_string_equal(text, "");
    assert_false(known);
    assert_int_equal(number, -2);
    cache_put(cache, "a", "longer than its room", 3); /* in place of the other, and cut */
    assert_true(cache_get(cache, "a", text, sizeof text, &known, &number));
    assert_string_equal(text, "longer ");
    cache_drop(cache, "a");
    cache_drop(cache, "never there");
    assert_false(cache_get(cache, "a", text, sizeof text, &known, &number));
    cache_free(cache);
    cache_free(NULL);
}

static int copies_left = INT_MAX; /* before memory is out */

/* In place of the C library's, for the cache too. */
char *strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = copies_left-- > 0 ? malloc(size) : NULL;

    return copy ? memcpy(copy, text, size) : NULL;
}

/* Whatever there was no memory for is asked again: above all nobody is said to be unknown. */
static void without_memory_nothing_is_known(void **unused)
{
    (void)unused;
    for (int copies = 0; copies <= 2; copies++) {
        struct cache *cache = cache_new(LONG_MS);
        char text[8];
        bool known;
        int64_t number;

        copies_left = copies;
        cache_put(cache, "a", "one", 1);
        copies_left = INT_MAX;
        assert_int_equal(cache_get(cache, "a", text, sizeof text, &known, &number), copies == 2);
        cache_put(cache, "a", "two", 2);
        assert_true(cache_get(cache, "a", text, sizeof text, &known, &number));
        assert_true(known);
        assert_string_equal(text, "two");
        cache_free(cache);
    }
}

static void what_is_too_old_is_not_got(void **unused)
{
    struct cache *never = cache_new(0), *soon = cache_new(30);
    char text[8];
    bool known;
    int64_t number;

    (void)unused;
    cache_put(never, "a", "x", 0);
    assert_false(cache_get(never, "a", text, sizeof text, &known, &number));
    cache_put(soon, "a", "x", 0);
    (void)usleep(40000);
    assert_false(cache_get(soon, "a", text, sizeof text, &known, &number));
    cache_free(never);
    cache_free(soon);
}

/* However many come, 8,192 at most are kept, and the one that came last is among them. */
static void a_cache_is_bounded(void **unused)
{
    enum { MANY = 40000, PLACES = 8192 };
    struct cache *cache = cache_new(LONG_MS);
    char key[16], text[8];
    bool known;
    int64_t number;
    int kept = 0;

    (void)unused;
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        cache_put(cache, key, "t", i);
        assert_true(cache_get(cache, key, text, sizeof text, &known, &number));
        assert_int_equal(number, i);
    }
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        kept += cache_get(cache, key, text, sizeof text, &known, &number);
    }
    assert_in_range(kept, PLACES / 2, PLACES);
    cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_got),
        cmocka_unit_test(without_memory_nothing_is_known),
        cmocka_unit_test(what_is_too_old_is_not_got),
        cmocka_unit_test(a_cache_is_bounded),
    };
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
