#include "test.h"

#include <stdio.h>

#include "app/limiter.h"

static bool take(struct limiter *limiter, unsigned caller, int64_t now_ms)
{
    char id[32];
    int size = snprintf(id, sizeof id, "caller-%u", caller);
    return limiter_take(limiter, id, (size_t)size, now_ms);
}

/* Each of many has all of their burst and no more, whoever else is there: nobody's hash meets another's. */
static void everybody_has_their_own(void **unused)
{
    enum { CALLERS = 1500, RATE = 10 };
    struct limiter *limiter = limiter_new(RATE);
    (void)unused;
    for (int i = 0; i < RATE + 1; i++)
        for (unsigned caller = 0; caller < CALLERS; caller++)
            if (take(limiter, caller, 1000) != (i < RATE))
                fail_msg("caller %u, request %d", caller, i);
    limiter_free(limiter);
}

static const struct {
    int64_t at_ms;
    int want;
} clock_rows[] = {
    {1000, 5},    {1000, 0}, {1199, 0}, {1200, 1},   {900, 0},
    {-500000, 0}, {1400, 1}, {1600, 1}, {900000, 5}, {900000, 0},
};

static void it_fills_as_time_goes_by(void **unused)
{
    struct limiter *limiter = limiter_new(5);
    (void)unused;
    for (size_t i = 0; i < COUNT(clock_rows); i++) {
        int taken = 0;
        for (int k = 0; k < 20; k++)
            taken += take(limiter, 1, clock_rows[i].at_ms);
        if (taken != clock_rows[i].want)
            fail_msg("row %zu: %d taken", i, taken);
    }
    limiter_free(limiter);
}

/* However many names a flood has, it takes no more than the table's places give; and who was heavy before
 * stays so. */
static void a_flood_of_names_resets_nobody(void **unused)
{
    enum { NAMES = 400000, PLACES = 65536, RATE = 4 };
    struct limiter *limiter = limiter_new(RATE);
    unsigned taken = 0;
    (void)unused;
    for (int i = 0; i < RATE; i++)
        assert_true(take(limiter, NAMES, 1000));
    for (unsigned caller = 0; caller < NAMES; caller++)
        for (int i = 0; i < RATE; i++)
            taken += take(limiter, caller, 1000);
    if (taken > PLACES * RATE)
        fail_msg("%u taken", taken);
    for (int i = 0; i < RATE; i++)
        assert_false(take(limiter, NAMES, 1000));
    limiter_free(limiter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_has_their_own),
        cmocka_unit_test(it_fills_as_time_goes_by),
        cmocka_unit_test(a_flood_of_names_resets_nobody),
    };
    return cmocka_run_group_tests_name("limiter", tests, NULL, NULL);
}
