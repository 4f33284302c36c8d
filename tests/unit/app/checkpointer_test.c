#include "fixture.h"

#include <time.h>

#include "app/checkpointer.h"
#include "app/command.h"
#include "model/model.h"
#include "model/tail.h"

/* When a checkpoint is written: after so many events or so long, not while it is held, soon after an erasure;
 * and that the engine's threads do it by themselves. */

static struct store *store;
static struct engine *engine;
static struct arena arena;

static int begin(void **state)
{
    if (make_directory(state) != 0)
        return -1;
    arena_init(&arena);
    store = open_store();
    engine = open_engine(store);
    return 0;
}

static int end(void **state)
{
    engine_free(engine);
    store_close(store);
    arena_done(&arena);
    return remove_directory(state);
}

static _Atomic int answered, woken;

static void count_answer(struct command *command)
{
    assert_int_equal(command->rc, RC_OK);
    answered++;
}

static void count_woken(void *arg)
{
    (void)arg;
    woken++;
}

static void wait_for(_Atomic int *what, int count)
{
    const struct timespec pause = {0, 1000000};

    for (int i = 0; *what < count; i++) {
        if (i > 20000)
            fail_msg("%d of %d", *what, count);
        (void)nanosleep(&pause, NULL);
    }
}

static struct command *enrol(uint32_t first, uint32_t count)
{
    struct command *commands = NULL;

    for (uint32_t i = first; i < first + count; i++) {
        struct command *command = arena_alloc(&arena, sizeof *command);
        *command = (struct command){.kind = CMD_ENROL,
                                    .face = FACE_PTS,
                                    .learner = text(arena_printf(&arena, "learner-%u", i)),
                                    .course = {"c1", 2},
                                    .arena = &arena,
                                    .done = count_answer,
                                    .next = commands};
        commands = command;
    }
    return commands;
}

static void a_checkpoint_is_written_when_it_is_due(void **unused)
{
    struct policy policy = {.now_ms = now_ms};
    struct checkpointer *checkpointer;
    struct fault fault = {NULL, NULL};
    struct tail *tail;
    struct model *model = engine_model(engine);
    int64_t failing_since_ms;
    uint32_t too_long;

    (void)unused;
    assert_int_equal(engine_run(engine, enrol(0, 10), NULL, NULL, &fault), RC_OK);
    uint64_t sequence = engine_state(engine).sequence;
    assert_int_equal(tail_new(&tail), RC_OK);
    assert_int_equal(checkpointer_new(store, model, tail, &policy, count_woken, NULL, &checkpointer, &fault),
                     RC_OK);
    assert_int_equal(checkpointer_sequence(checkpointer), 0);
    assert_int_equal(checkpointer_start(checkpointer, &fault), RC_OK);
    checkpointer_hurry(checkpointer);
    checkpointer_consider(checkpointer, sequence, true); /* held: nothing is taken */
    checkpointer_consider(checkpointer, sequence, false);
    wait_for(&woken, 1);
    assert_int_equal(checkpointer_sequence(checkpointer), 0); /* written, not yet given back */
    checkpointer_consider(checkpointer, sequence, false);
    assert_int_equal(checkpointer_sequence(checkpointer), sequence);
    checkpointer_state(checkpointer, &failing_since_ms, &too_long);
    assert_int_equal(failing_since_ms, 0);
    assert_int_equal(too_long, 0);
    assert_int_equal(histogram_count(checkpointer_times(checkpointer)), 1);
    checkpointer_consider(checkpointer, sequence, false); /* nothing new: nothing is written */
    checkpointer_stop(checkpointer);
    assert_int_equal(woken, 1);
    assert_int_equal(checkpointer_write(checkpointer, &fault), RC_OK);
    checkpointer_free(checkpointer);
    checkpointer_free(NULL);
    uint64_t first = 0;
    assert_int_equal(checkpointer_write_first(store, model, tail, &first, &fault), RC_OK);
    tail_free(tail);
}

/* Small and large commands, from outside, while the threads run; then the end, and a start that has it all.
 */
static void the_threads_answer_all_and_leave_a_checkpoint(void **unused)
{
    enum { SMALL = 300, LARGE = 70 };
    struct fault fault = {NULL, NULL};
    struct text users[LARGE];
    struct command large = {.kind = CMD_ENROL,
                            .face = FACE_PTS,
                            .course = {"c2", 2},
                            .webhook = true,
                            .has_occurred = true,
                            .occurred_ms = 1,
                            .users = users,
                            .user_count = LARGE,
                            .arena = &arena,
                            .done = count_answer};

    (void)unused;
    for (uint32_t i = 0; i < LARGE; i++)
        users[i] = text(arena_printf(&arena, "learner-%u", i));
    answered = 0;
    assert_int_equal(engine_start(engine, &fault), RC_OK);
    assert_null(engine_submit(engine, &large, &fault));
    assert_null(engine_submit(engine, enrol(0, SMALL), &fault));
    wait_for(&answered, SMALL + 1);
    struct engine_state state = engine_state(engine);
    assert_true(state.writable && !state.broken && !state.stalled && !state.behind);
    assert_int_equal(state.queued, 0);
    assert_int_equal(state.commands, SMALL + 1);
    assert_int_equal(state.sequence, state.events);
    const struct engine_timings *timings = engine_timings(engine);
    assert_int_equal(atomic_load(&timings->batch_commands.sum), SMALL + 1); /* each in one batch */
    assert_int_equal(histogram_count(&timings->commit_us), histogram_count(&timings->batch_commands));
    assert_int_equal(histogram_count(&timings->decide_us), histogram_count(&timings->batch_commands));
    assert_int_equal(histogram_count(&timings->queue_us), SMALL + 1);
    assert_true(histogram_count(store_sync_times(store)) >= histogram_count(&timings->commit_us));
    uint64_t sequence = state.sequence;
    engine_free(engine);
    engine = open_engine(store);
    state = engine_state(engine);
    assert_int_equal(state.checkpointed, sequence);
    assert_int_equal(state.sequence, sequence);
    assert_int_equal(model_count(engine_model(engine), ENTITY_LEARNER), SMALL);
}

static void the_threshold_is_an_event_when_it_is_another(void **unused)
{
    struct fault fault = {NULL, NULL};
    uint64_t before = engine_state(engine).sequence;

    (void)unused;
    assert_int_equal(engine_set_threshold(engine, 7000, &fault), RC_OK);
    assert_int_equal(engine_state(engine).sequence, before + 1);
    assert_int_equal(engine_set_threshold(engine, 7000, &fault), RC_OK);
    assert_int_equal(engine_state(engine).sequence, before + 1);
    assert_ptr_equal(engine_store(engine), store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_checkpoint_is_written_when_it_is_due, begin, end),
        cmocka_unit_test_setup_teardown(the_threads_answer_all_and_leave_a_checkpoint, begin, end),
        cmocka_unit_test_setup_teardown(the_threshold_is_an_event_when_it_is_another, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
