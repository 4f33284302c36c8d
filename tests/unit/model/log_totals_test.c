#include "store/directory.h"

#include <pthread.h>
#include <time.h>

#include "model/log_totals.h"

/* How many log entries each learner has: what was set is found, however many learners there are; and who has
 * rows that still follow their event makes a read wait. */

static struct store *store;
static struct log_totals *totals;

static int begin(void **state)
{
    struct fault fault;

    if (make_directory(state) != 0)
        return -1;
    store = open_at(directory);
    return log_totals_new(store, &totals, &fault) == RC_OK ? 0 : -1;
}

static int end(void **state)
{
    log_totals_free(totals);
    log_totals_free(NULL);
    store_close(store);
    return remove_directory(state);
}

static void set(uint32_t learner, uint32_t entries, uint64_t settling)
{
    log_totals_set(
        totals, &(struct log_total){.kept = {.learner = learner, .entries = entries, .settling = settling}});
}

static bool add_up(void *arg, const struct log_total *total)
{
    uint64_t *sum = arg;

    *sum += total->kept.entries;
    return total->kept.entries != 77;
}

static void what_was_set_is_found(void **unused)
{
    enum { LEARNERS = 3000 };
    uint64_t sum = 0;

    (void)unused;
    assert_int_equal(log_totals_of(totals, 5).kept.entries, 0);
    for (uint32_t i = 1; i <= LEARNERS; i++)
        set(i * 7919, i, 0);
    for (uint32_t i = 1; i <= LEARNERS; i++)
        assert_int_equal(log_totals_of(totals, i * 7919).kept.entries, i);
    assert_int_equal(log_totals_of(totals, 8).kept.entries, 0);
    assert_int_equal(log_totals_of(totals, 0).kept.entries, 0); /* nobody */
    set(7919, 5, 0);
    assert_int_equal(log_totals_of(totals, 7919).kept.entries, 5);
    log_totals_each(totals, add_up, &sum);
    assert_true(sum < (uint64_t)LEARNERS * (LEARNERS + 1) / 2); /* it ended at the one with 77 */
    set(77 * 7919, 78, 0);
    sum = 0;
    log_totals_each(totals, add_up, &sum);
    assert_int_equal(sum, (uint64_t)LEARNERS * (LEARNERS + 1) / 2 + 5 - 1 + 78 - 77);
}

static void *settle_soon(void *unused)
{
    (void)unused;
    (void)nanosleep(&(struct timespec){0, 20000000}, NULL);
    set(4, 1, 0);
    return NULL;
}

static void a_read_waits_until_rows_have_followed(void **unused)
{
    pthread_t thread;

    (void)unused;
    set(3, 1, 0);
    set(4, 1, 9);
    assert_true(log_totals_settled(totals, 3)); /* nobody waits for another */
    assert_true(log_totals_settled(totals, 99));
    assert_int_equal(pthread_create(&thread, NULL, settle_soon, NULL), 0);
    assert_true(log_totals_settled(totals, 4));
    assert_int_equal(log_totals_of(totals, 4).kept.settling, 0);
    (void)pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_set_is_found, begin, end),
        cmocka_unit_test_setup_teardown(a_read_waits_until_rows_have_followed, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
