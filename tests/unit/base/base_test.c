#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/ident.h"
#include "base/instant.h"
#include "base/number.h"
#include "base/zone.h"

static const struct {
    const char *text;
    enum instant_form form;
    int64_t ms;
} instants[] = {
    {"1970-01-01", INSTANT_DATE, 0},
    {"1970-01-01T00:00:00Z", INSTANT_FULL, 0},
    {"2025-10-13T17:50:51.683Z", INSTANT_FULL, 1760377851683},
    {"2025-10-13T23:20:51.683+05:30", INSTANT_FULL, 1760377851683},
    {"2025-10-13T17:50:51.6839", INSTANT_FULL, 1760377851683}, /* past the millisecond: cut */
    {"2025-10-13T17:50", INSTANT_FULL, 1760377800000},
    {"1969-12-31T23:59:59.999Z", INSTANT_FULL, -1},
    {"2024-02-29", INSTANT_DATE, 1709164800000},
    {"2025-01-01 10:00:00+00", INSTANT_FULL, 1735725600000}, /* as databases print them */
    {"2025-01-01 10:00:00.123456+05:30", INSTANT_FULL, 1735705800123},
    {"2025-01-01T15:30:00+0530", INSTANT_FULL, 1735725600000},
    {"2025-01-01T05:00:00-05", INSTANT_FULL, 1735725600000},
    {"2025-01-01 10:00:00", INSTANT_FULL, 1735725600000},
    {"2025-01-01 10:00:00 Z", INSTANT_FULL, 1735725600000},
    {"2025-01-01 10:00:00 +0000", INSTANT_FULL, 1735725600000},
    {"2025-01-01t10:00:00z", INSTANT_FULL, 1735725600000},
    {"2025-01-01T10:00:00-00:00", INSTANT_FULL, 1735725600000},
    {"2016-12-31T23:59:60Z", INSTANT_FULL, 1483228800000}, /* a leap second: the next one */
    {"2016-12-31T15:59:60.25-08:00", INSTANT_FULL, 1483228800250},
    {"2016-12-31T23:59:61Z", INSTANT_NONE, 0},
    {"2016-12-31T23:60:00Z", INSTANT_NONE, 0},
    {"2025-01-01 10:00:00 ", INSTANT_NONE, 0},
    {"2025-01-01 10:00:00+5", INSTANT_NONE, 0},
    {"2025-01-01 10:00:00+05:", INSTANT_NONE, 0},
    {"2025-01-01 10:00:00+053", INSTANT_NONE, 0},
    {"2025-01-01 10:00:00+24", INSTANT_NONE, 0},
    {"2025-01-01  10:00:00", INSTANT_NONE, 0},
    {"2025-01-01T10", INSTANT_NONE, 0},
    {"2025-1-1", INSTANT_NONE, 0},
    {"0000-01-01", INSTANT_NONE, 0},
    {"9999-12-31T23:59:59.999Z", INSTANT_FULL, 253402300799999},
    {"9999-12-31T23:59:59-01:00", INSTANT_NONE, 0}, /* would be a year of five digits, */
    {"0001-01-01T00:00:00+00:01", INSTANT_NONE, 0}, /* or none */
    {"2023-02-29", INSTANT_NONE, 0},
    {"2023-13-01", INSTANT_NONE, 0},
    {"2023-01-01T24:00:01Z", INSTANT_NONE, 0},
    {"2023-01-01T10:00:00+99:99", INSTANT_NONE, 0},
    {"now", INSTANT_NONE, 0},
    {"1700000000", INSTANT_NONE, 0},
    {"2023-01-01T10:00:00.Z", INSTANT_NONE, 0},
    {"2023-01-01T10:00:00Zx", INSTANT_NONE, 0},
    {"", INSTANT_NONE, 0},
};

static void instants_are_read_as_iso_8601(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(instants); i++) {
        int64_t ms = 0;
        enum instant_form form = instant_parse(instants[i].text, strlen(instants[i].text), &ms);
        if (form != instants[i].form || ms != instants[i].ms)
            fail_msg("%s: form %d, %lld", instants[i].text, (int)form, (long long)ms);
    }
}

static void instants_come_back_as_written(void **unused)
{
    uint64_t random = 7;
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        int64_t ms = (int64_t)(((uint64_t)next_random(&random) << 16 | next_random(&random) >> 16) %
                               250000000000000) -
                     60000000000000,
                back = 0;
        char text[INSTANT_TEXT_BYTES];
        instant_format(ms, text);
        if (instant_parse(text, strlen(text), &back) != INSTANT_FULL || back != ms)
            fail_msg("%lld became %s became %lld", (long long)ms, text, (long long)back);
    }
}

static const struct {
    const char *text;
    enum number_form form;
    const char *printed;
} numbers[] = {
    {"0", NUMBER_GOOD, "0"},
    {"-0", NUMBER_GOOD, "0"},
    {"-0.0", NUMBER_GOOD, "0"},
    {"12.0", NUMBER_GOOD, "12"},
    {"1.2e1", NUMBER_GOOD, "12"},
    {"0.1", NUMBER_GOOD, "0.1"},
    {"1735725600123457", NUMBER_GOOD, "1735725600123457"},
    {"999999999999999999", NUMBER_GOOD, "999999999999999999"},
    {"1e18", NUMBER_GOOD, "1000000000000000000"},
    {"-1e18", NUMBER_GOOD, "-1000000000000000000"},
    {"5e-324", NUMBER_GOOD, NULL},
    {"0.30000000000000004", NUMBER_GOOD, NULL},
    {"123456789.12345679", NUMBER_GOOD, NULL},
    {"1e-7", NUMBER_GOOD, NULL},
    {"1.7976931348623157e308", NUMBER_TOO_LARGE, NULL},
    {"-1.1e18", NUMBER_TOO_LARGE, NULL},
    {"1e100", NUMBER_TOO_LARGE, NULL},
    {"true", NUMBER_NONE, NULL},
    {"\"1\"", NUMBER_NONE, NULL},
    {"", NUMBER_NONE, NULL},
    {"1x", NUMBER_NONE, NULL},
    {"0."
     "1000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "000000"
     "000000000000000000000000000000000000",
     NUMBER_GOOD, "0.1"},
};

static void a_number_is_printed_so_that_it_reads_back(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct number number;
        struct buf out = {0};
        enum number_form form = number_read(numbers[i].text, strlen(numbers[i].text), &number);
        if (form != numbers[i].form)
            fail_msg("%s: form %d", numbers[i].text, (int)form);
        if (form != NUMBER_GOOD)
            continue;
        number_put(&out, &number);
        buf_char(&out, '\0');
        if (numbers[i].printed ? strcmp(out.bytes, numbers[i].printed) != 0
                               : strtod(out.bytes, NULL) != strtod(numbers[i].text, NULL))
            fail_msg("%s: %s", numbers[i].text, out.bytes);
        buf_done(&out);
    }
}

static const struct {
    const char *text;
    int times;
    const char *more, *sum, *average;
} sums[] = {
    {"0.1", 10, NULL, "1", "0.1"},
    {"0.1", 1, "0.2", "0.3", "0.15"},
    {"1e18", 10000, NULL, "10000000000000000000000", "1000000000000000000"},
    {"1e18", 1, "0.5", "1e+18", "500000000000000000.25"},
    {"-1", 2, "-0", "-2", "-0.6667"},
    {"1735725600123457", 2, NULL, "3471451200246914", "1735725600123457"},
    {"71.1", 1, "72.9", "144", "72"},
    {"0.00005", 1, NULL, "5e-05", NULL},
    {"-0.00001", 1, NULL, "-1e-05", "0"},
    {"1", 2, "0", "2", "0.6667"},
};

static void sums_are_exact_where_numbers_are(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(sums); i++) {
        struct number_sum sum = {0};
        struct number number;
        struct buf out = {0}, average = {0};
        assert_int_equal(number_read(sums[i].text, strlen(sums[i].text), &number), NUMBER_GOOD);
        for (int n = 0; n < sums[i].times; n++)
            number_sum_add(&sum, &number);
        if (sums[i].more) {
            assert_int_equal(number_read(sums[i].more, strlen(sums[i].more), &number), NUMBER_GOOD);
            number_sum_add(&sum, &number);
        }
        number_sum_put(&out, &sum);
        buf_char(&out, '\0');
        number_average_put(&average, &sum);
        buf_char(&average, '\0');
        if (strcmp(out.bytes, sums[i].sum) != 0 ||
            (sums[i].average && strcmp(average.bytes, sums[i].average) != 0))
            fail_msg("%d x %s + %s: %s, %s", sums[i].times, sums[i].text, sums[i].more ? sums[i].more : "-",
                     out.bytes, average.bytes);
        buf_done(&out);
        buf_done(&average);
    }
}

static const struct {
    const char *id;
    size_t size;
    bool good;
} ids[] = {
    {"a", 1, true},
    {"", 0, false},
    {"a/b", 3, true},
    {"https://x.org/v?i=1#2", 21, true},
    {"/", 1, true},
    {"a\n", 2, false},
    {"\x7f", 1, false},
    {"\xc3\xa9", 2, true},
    {"\xc3", 1, false},
    {"\xc0\xaf", 2, false},
    {"\xed\xa0\x80", 3, false},
    {"\xc2\x85", 2, false},
    {"summary", 7, false},
    {"SUMMARY", 7, false},
    {"Webhook", 7, false},
    {"gAmEs", 5, false},
    {"summary/1", 9, true},
    {"summary1", 8, true},
    {"me", 2, false},
    {"' OR 1=1--", 10, true},
    {"..", 2, true},
    {"a\0b", 3, false},
    {"null", 4, true},
};

static void ids_are_checked(void **unused)
{
    char longest[130];
    (void)unused;
    memset(longest, 'x', sizeof longest);
    assert_null(ident_problem(longest, 128));
    assert_non_null(ident_problem(longest, 129));
    for (size_t i = 0; i < COUNT(ids); i++)
        if ((ident_problem(ids[i].id, ids[i].size) == NULL) != ids[i].good)
            fail_msg("id %zu: %s", i, ids[i].id);
}

static void uuids_are_lower_cased_and_nothing_else(void **unused)
{
    char uuid[] = "A1B2C3D4-E5F6-7890-ABCD-EF1234567890", other[] = "A1B2C3D4-E5F6-7890-ABCD-EF123456789G";
    (void)unused;
    ident_normalize(uuid, 36);
    ident_normalize(other, 36);
    assert_string_equal(uuid, "a1b2c3d4-e5f6-7890-abcd-ef1234567890");
    assert_string_equal(other, "A1B2C3D4-E5F6-7890-ABCD-EF123456789G");
}

static const struct {
    const char *text;
    bool good;
    int64_t value;
} integers[] = {
    {"0", true, 0},
    {"7", true, 7},
    {"07", false, 0},
    {"+7", false, 0},
    {"1e3", false, 0},
    {"1.5", false, 0},
    {"-1", false, 0},
    {"9223372036854775807", true, INT64_MAX},
    {"9223372036854775808", false, 0},
    {"99999999999999999999", false, 0},
    {"", false, 0},
};

static void canonical_integers(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(integers); i++) {
        int64_t value = 0;
        if (ident_integer(integers[i].text, strlen(integers[i].text), &value) != integers[i].good ||
            value != integers[i].value)
            fail_msg("%s", integers[i].text);
    }
}

static void numbers_are_written_exactly(void **unused)
{
    struct buf buf = {0};
    (void)unused;
    buf_int(&buf, INT64_MIN);
    buf_char(&buf, ' ');
    buf_hundredths(&buf, 10000);
    buf_char(&buf, ' ');
    buf_scaled(&buf, 12340, 3);
    buf_char(&buf, ' ');
    buf_scaled(&buf, -5, 2);
    buf_char(&buf, ' ');
    buf_scaled(&buf, 60000, 3);
    buf_char(&buf, '\0');
    assert_string_equal(buf.bytes, "-9223372036854775808 100.00 12.34 -0.05 60");
    buf_done(&buf);
}

static void varints_come_back(void **unused)
{
    static const int64_t values[] = {0, 1, -1, 63, 64, 127, 128, -128, INT32_MAX, INT64_MAX, INT64_MIN};
    uint8_t bytes[COUNT(values) * VARINT_MAX_BYTES], *at = bytes;
    (void)unused;
    for (size_t i = 0; i < COUNT(values); i++)
        at = put_i64(at, values[i]);
    struct reader from = {bytes, at, false};
    for (size_t i = 0; i < COUNT(values); i++)
        assert_true(get_i64(&from) == values[i]);
    assert_false(from.bad);
    (void)get_u64(&from);
    assert_true(from.bad);
    for (int i = 0; i < 2; i++) { /* a difference may lead anywhere but out of 64 bits */
        struct reader again = {bytes, put_i64(bytes, i ? -1 : 1), false};
        struct reader over = again;
        assert_true(get_i64_after(&again, 5) == (i ? 4 : 6) && !again.bad);
        assert_true(get_i64_after(&over, i ? INT64_MIN : INT64_MAX) == (i ? INT64_MIN : INT64_MAX) &&
                    over.bad);
    }
}

static void zones_follow_iana(void **unused)
{
    struct zone *kolkata = zone_new("Asia/Kolkata"), *berlin = zone_new("Europe/Berlin");
    (void)unused;
    assert_non_null(kolkata);
    /* nor what the library would take for a rule of POSIX */
    static const char *const none[] = {"Mars/Olympus", "UTC+3", "XYZ5", "<+03>-3", ":UTC", "localtime", ""};
    for (size_t i = 0; i < COUNT(none); i++)
        assert_null(zone_new(none[i]));
    assert_int_equal(zone_local_ms(kolkata, 0), 19800000);
    assert_int_equal(zone_local_ms(berlin, 1751328000000) - 1751328000000, 7200000); /* July: UTC+2 */
    assert_int_equal(zone_day_start_ms(kolkata, 0), -19800000);
    zone_free(kolkata);
    zone_free(berlin);
}

static void zones_are_found_by_the_name_in_a_token(void **unused)
{
    static const char *const none[] = {
        "",         "Mars/Olympus", "+05:30",   "../etc/passwd",  "right/Europe/Berlin",
        "Europe/",  "Europe",       "zone.tab", "Europe/Berlin ", "Europe//Berlin",
        "tzdata.zi"};
    char longer[ZONE_NAME_BYTES + 8];
    (void)unused;
    const struct zone *berlin = zone_named("Europe/Berlin");
    assert_non_null(berlin);
    assert_ptr_equal(zone_named("Europe/Berlin"), berlin); /* asked for once */
    assert_string_equal(zone_name(berlin), "Europe/Berlin");
    assert_int_equal(zone_local_ms(berlin, 1751328000000) - 1751328000000, 7200000);
    assert_int_equal(zone_local_ms(zone_named("UTC"), 5), 5);
    assert_non_null(zone_named("America/Argentina/Buenos_Aires"));
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof none / sizeof *none; i++)
            if (zone_named(none[i]))
                fail_msg("\"%s\" is no zone", none[i]);
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_null(zone_named(longer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants_are_read_as_iso_8601),
        cmocka_unit_test(instants_come_back_as_written),
        cmocka_unit_test(a_number_is_printed_so_that_it_reads_back),
        cmocka_unit_test(sums_are_exact_where_numbers_are),
        cmocka_unit_test(ids_are_checked),
        cmocka_unit_test(uuids_are_lower_cased_and_nothing_else),
        cmocka_unit_test(canonical_integers),
        cmocka_unit_test(numbers_are_written_exactly),
        cmocka_unit_test(varints_come_back),
        cmocka_unit_test(zones_follow_iana),
        cmocka_unit_test(zones_are_found_by_the_name_in_a_token),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
