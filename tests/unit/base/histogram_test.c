#include "test.h"

#include "base/histogram.h"

static void values_are_counted_below_their_bounds(void **unused)
{
    struct histogram histogram = {0};
    struct buf out = {0};

    (void)unused;
    assert_int_equal(histogram_quantile(&histogram, histogram_times_us, 0.5), 0);
    for (int i = 0; i < 98; i++)
        histogram_add(&histogram, histogram_times_us, 700);
    histogram_add(&histogram, histogram_times_us, 500); /* a bound is inside */
    histogram_add(&histogram, histogram_times_us, 20000000);
    assert_int_equal(histogram_count(&histogram), 100);
    assert_int_equal(histogram_quantile(&histogram, histogram_times_us, 0.01), 500);
    assert_int_equal(histogram_quantile(&histogram, histogram_times_us, 0.99), 1000);
    assert_int_equal(histogram_quantile(&histogram, histogram_times_us, 1), 10000000);
    histogram_write(&histogram, histogram_times_us, 1000000, "x_seconds", "route=\"/a\",", &out);
    buf_char(&out, '\0');
    assert_non_null(strstr(out.bytes, "x_seconds_bucket{route=\"/a\",le=\"0.0005\"} 1\n"));
    assert_non_null(strstr(out.bytes, "x_seconds_bucket{route=\"/a\",le=\"0.001\"} 99\n"));
    assert_non_null(strstr(out.bytes, "x_seconds_bucket{route=\"/a\",le=\"10\"} 99\n"));
    assert_non_null(strstr(out.bytes, "x_seconds_bucket{route=\"/a\",le=\"+Inf\"} 100\n"));
    assert_non_null(strstr(out.bytes, "x_seconds_sum{route=\"/a\"} 20.069100\n"));
    assert_non_null(strstr(out.bytes, "x_seconds_count{route=\"/a\"} 100\n"));
    buf_clear(&out);
    histogram_write(&histogram, histogram_sizes, 1, "y", "", &out);
    buf_char(&out, '\0');
    assert_non_null(strstr(out.bytes, "y_bucket{le=\"5000\"} 99\n"));
    assert_non_null(strstr(out.bytes, "y_count 100\n"));
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values_are_counted_below_their_bounds)};
    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
