#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/worker.h"

/* What ran, in order, and a gate that jobs wait at. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    int ran[WORKER_WAITING_MAX + 64], count, inside[8], most_inside[8], waiting;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

struct task {
    struct job job; /* first: run gets it back */
    int caller, turns;
    bool hold, waits_at_gate, saw_closing;
};

static void run(struct job *job)
{
    struct task *task = (struct task *)job;

    if (task->hold) {
        assert_true(worker_hold(job)); /* before anybody sees that it ran */
        task->hold = false;
    }
    (void)pthread_mutex_lock(&seen.lock);
    if (++seen.inside[task->caller] > seen.most_inside[task->caller])
        seen.most_inside[task->caller] = seen.inside[task->caller];
    if (task->waits_at_gate) {
        seen.waiting++;
        (void)pthread_cond_broadcast(&seen.changed);
        while (!seen.open)
            (void)pthread_cond_wait(&seen.changed, &seen.lock);
    }
    task->saw_closing = job->closing;
    seen.ran[seen.count++] = task->caller;
    seen.inside[task->caller]--;
    (void)pthread_cond_broadcast(&seen.changed);
    (void)pthread_mutex_unlock(&seen.lock);
    if (--task->turns > 0)
        worker_again(job);
}

static void reset(void)
{
    seen.open = false;
    seen.count = seen.waiting = 0;
    memset(seen.most_inside, 0, sizeof seen.most_inside);
}

static void open_gate(void)
{
    (void)pthread_mutex_lock(&seen.lock);
    seen.open = true;
    (void)pthread_cond_broadcast(&seen.changed);
    (void)pthread_mutex_unlock(&seen.lock);
}

static void wait_until(int waiting, int count)
{
    (void)pthread_mutex_lock(&seen.lock);
    while (seen.waiting < waiting || seen.count < count)
        (void)pthread_cond_wait(&seen.changed, &seen.lock);
    (void)pthread_mutex_unlock(&seen.lock);
}

/* One thread is at the gate: whoever comes meanwhile is queued. */
static struct worker *busy(struct task *gate)
{
    struct worker *worker;

    reset();
    assert_int_equal(worker_new(1, &worker), RC_OK);
    *gate = (struct task){.job = {run}, .caller = 7, .turns = 1, .waits_at_gate = true};
    assert_int_equal(worker_do(worker, &gate->job, 7), RC_OK);
    wait_until(1, 0);
    return worker;
}

static void lines_take_turns(void **unused)
{
    struct task gate, tasks[40 + 3];
    struct worker *worker = busy(&gate);

    (void)unused;
    for (int i = 0; i < 43; i++) {
        tasks[i] = (struct task){.job = {run}, .caller = i < 40 ? 1 : 2, .turns = 1};
        assert_int_equal(worker_do(worker, &tasks[i].job, (uint64_t)tasks[i].caller), RC_OK);
    }
    open_gate();
    wait_until(0, 44);
    for (int i = 0; i < 6; i++) /* the three of caller 2 came last, and wait for one each of caller 1 */
        assert_int_equal(seen.ran[1 + i], 1 + i % 2);
    worker_free(worker);
}

static void one_at_a_time_of_each_caller(void **unused)
{
    struct task tasks[120];
    struct worker *worker;

    (void)unused;
    reset();
    seen.open = true;
    assert_int_equal(worker_new(4, &worker), RC_OK);
    for (int i = 0; i < 120; i++) {
        tasks[i] = (struct task){.job = {run}, .caller = i % 3, .turns = 1 + i % 5};
        assert_int_equal(worker_do(worker, &tasks[i].job, (uint64_t)tasks[i].caller), RC_OK);
    }
    worker_free(worker); /* runs what waits */
    assert_int_equal(seen.count, 120 * 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(seen.most_inside[i], 1);
}

static void lines_are_bounded(void **unused)
{
    enum { CALLERS = WORKER_WAITING_MAX / WORKER_LINE_MAX };
    static struct task tasks[CALLERS + 1][WORKER_LINE_MAX + 1];
    struct task gate;
    struct worker *worker = busy(&gate);

    (void)unused;
    for (int c = 0; c < CALLERS; c++)
        for (int i = 0; i <= WORKER_LINE_MAX; i++) {
            tasks[c][i] = (struct task){.job = {run}, .caller = 0, .turns = 1};
            enum rc rc = worker_do(worker, &tasks[c][i].job, (uint64_t)c * 1024 + 100); /* of one bucket */
            enum rc full = c < CALLERS - 1 ? RC_TOO_MANY : RC_BUSY;
            assert_int_equal(rc, i < WORKER_LINE_MAX ? RC_OK : full);
        }
    tasks[CALLERS][0] = (struct task){.job = {run}, .turns = 1};
    assert_int_equal(worker_do(worker, &tasks[CALLERS][0].job, 1), RC_BUSY);
    open_gate();
    wait_until(0, 1 + WORKER_WAITING_MAX);
    assert_int_equal(worker_do(worker, &tasks[CALLERS][0].job, 1), RC_OK);
    worker_free(worker);
    assert_int_equal(seen.count, 2 + WORKER_WAITING_MAX);
}

static void held_jobs_are_bounded_and_come_back(void **unused)
{
    struct task tasks[WORKER_HELD_MAX + 2], other = {.job = {run}, .caller = 2, .turns = 1};
    struct worker *worker;

    (void)unused;
    reset();
    assert_int_equal(worker_new(1, &worker), RC_OK);
    for (int i = 0; i < WORKER_HELD_MAX + 2; i++) {
        tasks[i] = (struct task){.job = {run}, .caller = 1, .turns = 1, .hold = true};
        assert_int_equal(worker_do(worker, &tasks[i].job, 1), RC_OK);
    }
    wait_until(0, WORKER_HELD_MAX);
    assert_int_equal(worker_do(worker, &other.job, 2), RC_OK);
    wait_until(0, WORKER_HELD_MAX + 1);
    assert_int_equal(seen.ran[WORKER_HELD_MAX], 2); /* two of caller 1 wait, and delay nobody else */
    tasks[0].turns = 1;
    worker_again(&tasks[0].job);
    wait_until(0, WORKER_HELD_MAX + 2);
    worker_release(&tasks[0].job);
    wait_until(0, WORKER_HELD_MAX + 3);
    worker_close(worker); /* what waits is told */
    wait_until(0, WORKER_HELD_MAX + 4);
    assert_true(tasks[WORKER_HELD_MAX + 1].saw_closing);
    assert_int_equal(worker_do(worker, &other.job, 2), RC_BUSY);
    for (int i = 1; i < WORKER_HELD_MAX + 2; i++)
        worker_release(&tasks[i].job);
    worker_free(worker);
}

static void long_jobs_leave_half_of_the_threads(void **unused)
{
    enum { LONGS = 6, SHORTS = 20 };
    struct task longs[LONGS], shorts[SHORTS];
    struct worker *worker;

    (void)unused;
    reset();
    assert_int_equal(worker_new(4, &worker), RC_OK);
    for (int i = 0; i < LONGS; i++) {
        longs[i] = (struct task){
            .job = {.run = run, .is_long = true}, .caller = 0, .turns = 1, .waits_at_gate = true};
        assert_int_equal(worker_do(worker, &longs[i].job, (uint64_t)i + 1), RC_OK);
    }
    wait_until(2, 0);
    for (int i = 0; i < SHORTS; i++) {
        shorts[i] = (struct task){.job = {run}, .caller = 1, .turns = 3};
        assert_int_equal(worker_do(worker, &shorts[i].job, (uint64_t)i + 100), RC_OK);
    }
    wait_until(2, SHORTS * 3); /* while the long ones are where they are */
    assert_int_equal(seen.most_inside[0], 2);
    open_gate();
    wait_until(0, SHORTS * 3 + LONGS);
    assert_int_equal(seen.most_inside[0], 2);
    worker_free(worker);
}

/* One after the other, also when nothing else is there, and when the end comes. */
static void long_jobs_alone(void **unused)
{
    struct task tasks[200], gate;
    struct worker *worker = busy(&gate);

    (void)unused;
    for (int i = 0; i < 200; i++) {
        tasks[i] = (struct task){.job = {.run = run, .is_long = true}, .caller = 0, .turns = 1};
        assert_int_equal(worker_do(worker, &tasks[i].job, (uint64_t)i % 90), RC_OK);
    }
    open_gate();
    wait_until(0, 100);
    worker_free(worker); /* runs what waits */
    assert_int_equal(seen.count, 201);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_take_turns),
        cmocka_unit_test(one_at_a_time_of_each_caller),
        cmocka_unit_test(lines_are_bounded),
        cmocka_unit_test(held_jobs_are_bounded_and_come_back),
        cmocka_unit_test(long_jobs_leave_half_of_the_threads),
        cmocka_unit_test(long_jobs_alone),
    };
    return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
