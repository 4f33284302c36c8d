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

static void hexadecimal_is_read_in_either_case(void **unused)
{
    static const struct {
        const char *text;
        size_t bytes;
        bool good;
        uint8_t want[3];
    } rows[] = {
        {"", 0, true, {0}},    {"00ff7A", 3, true, {0, 255, 0x7a}}, {"0G", 1, false, {0}},
        {"g0", 1, false, {0}}, {"\xc3\xa4", 1, false, {0}},         {"12:4", 2, false, {0}},
    };

    (void)unused;
    for (int c = 0; c < 256; c++) {
        const char *at = c ? strchr("0123456789abcdef", c | (c >= 'A' && c <= 'F' ? 0x20 : 0)) : NULL;
        static const char digits[] = "0123456789abcdef";
        int want = at ? (int)(strchr(digits, *at) - digits) : -1;
        if (digits_hex_value((char)c) != want)
            fail_msg("character %d", c);
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t bytes[3] = {0};
        if (digits_hex_bytes(rows[i].text, rows[i].bytes, bytes) != rows[i].good ||
            (rows[i].good && memcmp(bytes, rows[i].want, rows[i].bytes) != 0))
            fail_msg("%s", rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_as_printf_does),
        cmocka_unit_test(hexadecimal_is_read_in_either_case),
    };
    return cmocka_run_group_tests_name("digits", tests, NULL, NULL);
}
