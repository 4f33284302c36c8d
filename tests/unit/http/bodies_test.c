#include "test.h"
#include "http/bodies.h"

/* Takes and gives at random, callers whose slots meet among them, against a table that is plain to see. */
static void bodies_have_a_budget(void **unused)
{
    enum { CALLERS = 6 };
    /* 2 * 128 MiB / 8 KiB slots */
    static const uint64_t callers[CALLERS] = {0, 1, 2, 1 + 32768, 2 + 32768, 32767};
    struct bodies *bodies;
    size_t has[CALLERS] = {0}, total = 0;
    uint64_t seed = 11;

    (void)unused;
    assert_int_equal(bodies_new(&bodies), RC_OK);
    for (int step = 0; step < 100000; step++) {
        unsigned who = next_random(&seed) % CALLERS;
        size_t bytes = BODY_FREE_BYTES + next_random(&seed) % (4 << 20);
        if (next_random(&seed) % 5 < 3) {
            bool fits = total + bytes <= BODIES_MAX_BYTES &&
                        (who == 0 || has[who] + bytes <= BODIES_CALLER_MAX_BYTES);
            if (bodies_take(bodies, callers[who], bytes) != fits)
                fail_msg("step %d: caller %u, %zu beside %zu of %zu", step, who, bytes, has[who], total);
            has[who] += fits ? bytes : 0;
            total += fits ? bytes : 0;
        } else if (has[who]) {
            bytes = next_random(&seed) % 2 ? has[who] : has[who] / 2;
            bodies_give(bodies, callers[who], bytes);
            has[who] -= bytes;
            total -= bytes;
        }
    }
    for (unsigned who = 0; who < CALLERS; who++)
        if (has[who])
            bodies_give(bodies, callers[who], has[who]);
    assert_false(bodies_full(bodies));
    for (unsigned i = 0; i < 4; i++)
        assert_true(bodies_take(bodies, 100 + i, BODIES_CALLER_MAX_BYTES));
    assert_true(bodies_full(bodies));
    assert_false(bodies_take(bodies, 99, 1));
    bodies_free(bodies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_have_a_budget),
    };
    return cmocka_run_group_tests_name("bodies", tests, NULL, NULL);
}
