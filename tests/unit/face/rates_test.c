#include "test.h"

#include <stdlib.h>
#include <time.h>

#include "face/rates.h"

/* Whoever looks twice within a second is told the same. */
static void a_rate_is_of_a_second_at_least(void **unused)
{
    const struct timespec pause = {1, 50000000};
    const uint64_t counts[RATE_COUNT] = {200, 1000, 0}, more[RATE_COUNT] = {5000, 5000, 5000};
    struct rates *rates = rates_new();
    int64_t first[RATE_COUNT], second[RATE_COUNT];

    (void)unused;
    assert_non_null(rates);
    rates_look(rates, counts, first); /* too early to say */
    for (int i = 0; i < RATE_COUNT; i++)
        assert_int_equal(first[i], 0);
    (void)nanosleep(&pause, NULL); /* cut short shows below */
    rates_look(rates, counts, first);
    assert_true(first[RATE_WRITES] > 0 && first[RATE_WRITES] <= 20000);
    assert_true(llabs(first[RATE_READS] - 5 * first[RATE_WRITES]) <= 3); /* each is rounded */
    assert_int_equal(first[RATE_MESSAGES], 0);
    rates_look(rates, more, second);
    assert_memory_equal(first, second, sizeof first);
    rates_free(rates);
    rates_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_rate_is_of_a_second_at_least)};
    return cmocka_run_group_tests_name("rates", tests, NULL, NULL);
}
