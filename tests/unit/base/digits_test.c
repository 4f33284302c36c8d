#include "test.h"
#include <stdio.h>

#include "base/digits.h"

static void numbers_are_written_as_printf_does(void **unused)
{
    uint64_t seed = 3;
    char ours[32], theirs[32];

    (void)unused;
    for (int i = 0; i < 20000; i++) {
        uint64_t value =
            ((uint64_t)next_random(&seed) << 32 | next_random(&seed)) >> (next_random(&seed) % 64);
        if (i < 3)
            value = i == 0 ? 0 : i == 1 ? UINT64_MAX : 10;
        *digits_hex(ours, value, 8) = '\0';
        (void)snprintf(theirs, sizeof theirs, "%08llx", (unsigned long long)value);
        assert_string_equal(ours, theirs);
        *digits_decimal(ours, value) = '\0';
        (void)snprintf(theirs, sizeof theirs, "%llu", (unsigned long long)value);
        assert_string_equal(ours, theirs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_as_printf_does),
    };
    return cmocka_run_group_tests_name("digits", tests, NULL, NULL);
}
