#include "test.h"

#include "http/listener.h"

/* Connections that come and go at random: every loop keeps its share, and somebody always has the turn. */
static void connections_are_shared_out(void **unused)
{
    enum { LOOPS = 3 };
    struct listener *listener;
    struct fault fault;
    unsigned has[LOOPS] = {0}, all = 0;
    uint64_t seed = 7;
    char *names = calloc(LOOPS, 1);

    (void)unused;
    assert_int_equal(listener_open("127.0.0.1", 0, &listener, &fault), RC_OK);
    for (int i = 0; i < LOOPS; i++)
        listener_join(listener,
                      (struct loop *)(void *)(names + i)); /* never looked into: only the turn is asked for */
    for (int step = 0; step < 20000; step++) {
        unsigned loop = next_random(&seed) % LOOPS, turns = 0;
        for (int i = 0; i < LOOPS; i++)
            turns += listener_has_turn(listener, has[i], 0);
        assert_true(turns > 0);
        if (next_random(&seed) % 5 && listener_has_turn(listener, has[loop], 0)) {
            assert_true(has[loop] * LOOPS <= all + all / 8);
            has[loop]++, all++;
            listener_count(listener, 1);
        } else if (has[loop] && next_random(&seed) % 4 == 0) {
            has[loop]--, all--;
            listener_count(listener, -1);
        }
    }
    assert_true(all > 100);
    for (int i = 0; i < LOOPS; i++) /* a crowd that only one loop sees: it leaves the others their share */
        listener_count(listener, -(int)has[i]);
    unsigned taken = 0;
    listener_count(listener, 300);
    while (listener_has_turn(listener, 100 + taken, taken))
        taken++;
    assert_in_range(taken, 15, 25);
    listener_close(listener);
    free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(connections_are_shared_out)};
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
