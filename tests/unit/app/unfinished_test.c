#include "test.h"

#include <time.h>

#include "app/unfinished.h"

/* Learners of whom many settle at once, heard in any order. */
static void each_is_known_once(void **unused)
{
    enum { MANY = 1000, STEP = 7919 /* prime: reaches each */ };
    struct unfinished unfinished = {.shared = true};

    (void)unused;
    for (uint32_t i = 0; i < MANY; i++)
        unfinished_heard(&unfinished, 1 + (uint64_t)i * STEP % MANY);
    assert_int_equal(unfinished.count, MANY);
    for (uint64_t what = 0; what < 2 * MANY; what++)
        unfinished_goes_on(&unfinished, what); /* also what is not known */
    unfinished_heard(&unfinished, 5);
    assert_int_equal(unfinished.count, MANY);
    for (uint64_t what = 2; what <= MANY; what += 2)
        unfinished_over(&unfinished, what);
    assert_int_equal(unfinished.count, MANY / 2);
    unfinished_over(&unfinished, 2);
    unfinished_over(&unfinished, 3);
    assert_int_equal(unfinished.count, MANY / 2 - 1);
    unfinished_done(&unfinished);
    assert_int_equal(unfinished.count, 0);
}

/* What somebody goes on with is not. */
static void what_is_quiet_is_due_turn_by_turn(void **unused)
{
    struct unfinished unfinished = {.shared = true};

    (void)unused;
    for (uint64_t what = 1; what <= 3; what++)
        unfinished_heard(&unfinished, what);
    (void)nanosleep(&(struct timespec){3, 100000000}, NULL);
    unfinished_goes_on(&unfinished, 2);
    assert_int_equal(unfinished_due(&unfinished), 1);
    assert_int_equal(unfinished_due(&unfinished), 3);
    assert_int_equal(unfinished_due(&unfinished), 0);
    unfinished_done(&unfinished);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_known_once),
        cmocka_unit_test(what_is_quiet_is_due_turn_by_turn),
    };
    return cmocka_run_group_tests_name("unfinished", tests, NULL, NULL);
}
