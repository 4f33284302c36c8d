#include "acts.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/erase_jobs.h"
#include "app/verify.h"

/* Who wrote more than one commit can take out of the file: it goes by and by, after a kill too. */

enum { REPORTS = 900, LOCKS = 60 };

struct counted {
    uint32_t learner;
    size_t own;   /* events of that learner */
    size_t named; /* events in which somebody called erika acts */
    size_t erased;
};

static bool acts(const struct event_named *named, const char *id)
{
    return named->actor_size == strlen(id) && memcmp(named->actor, id, named->actor_size) == 0;
}

static enum rc count_event(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct counted *counted = arg;
    struct event_named named;

    (void)fault;
    counted->own += stored->learner == counted->learner && stored->kind != EV_ERASED;
    if (event_peek(stored->body, stored->body_size, &named)) {
        counted->named += acts(&named, "erika");
        counted->erased += acts(&named, "erased");
    }
    return RC_OK;
}

static struct counted events_of(uint32_t learner)
{
    struct counted counted = {.learner = learner};
    struct fault fault = {NULL, NULL};

    /* as any thread may */
    assert_int_equal(store_scan_events(store, 0, 10 * (REPORTS + LOCKS), count_event, &counted, &fault),
                     RC_OK);
    return counted;
}

/* Erika reports, and locks what berta has. */
static uint32_t a_long_life(void)
{
    char item[16];

    for (int i = 0; i < REPORTS; i++) {
        (void)snprintf(item, sizeof item, "i%d", i);
        (void)report("erika", "c1", item);
    }
    for (int i = 0; i < LOCKS; i++) {
        (void)snprintf(item, sizeof item, "i%d", i);
        (void)do_one((struct command){.kind = CMD_LOCK,
                                      .face = FACE_COURSEROOM,
                                      .learner = text("berta"),
                                      .course = text("c1"),
                                      .item = text(item),
                                      .actor = text("erika")});
    }
    return key_of("erika");
}

static struct command erasure(void)
{
    return (struct command){
        .kind = CMD_ERASE, .face = FACE_LEARNER, .learner = text("erika"), .actor = text("admin")};
}

static void nothing_is_left(uint32_t key)
{
    struct counted counted = events_of(key);

    assert_int_equal(counted.own, 0);
    assert_int_equal(counted.named, 0);
    assert_int_equal(counted.erased, LOCKS);
}

static void note_difference(void *arg, const char *difference)
{
    (void)arg;
    fail_msg("%s", difference);
}

static void ignore_progress(void *arg, uint64_t events)
{
    (void)arg;
    (void)events;
}

static void verify_finds_nothing(void)
{
    struct verify_watch watch = {NULL, ignore_progress, note_difference};
    struct verify_result result;
    struct fault fault = {NULL, NULL};

    if (verify_store(store, &watch, &result, &fault) != RC_OK)
        fail_msg("%s", fault_why(&fault));
    assert_int_equal(result.differences, 0);
}

/* A process that ends right after the erasure was committed, as a kill would. */
static uint32_t erased_by_one_that_was_killed(void)
{
    int pipes[2], status;
    uint32_t key = 0;

    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        store = open_store();
        engine = open_engine(store);
        key = a_long_life();
        (void)do_one(erasure());
        _exit(write(pipes[1], &key, sizeof key) == sizeof key ? 0 : 1);
    }
    assert_int_equal(read(pipes[0], &key, sizeof key), sizeof key);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return key;
}

static int begin_empty(void **state)
{
    arena_init(&arena);
    return make_directory(state);
}

static int end_empty(void **state)
{
    arena_done(&arena);
    return remove_directory(state);
}

/* Step by step: each takes out something, the last says so, and then nothing is written down any more. */
static void what_was_written_down_is_taken_out_in_steps(void **unused)
{
    uint32_t key = erased_by_one_that_was_killed();
    struct erase_jobs *jobs;
    struct fault fault = {NULL, NULL};
    bool finished = false;

    (void)unused;
    store = open_store();
    assert_int_equal(events_of(key).own, REPORTS); /* one commit was too small for them */
    assert_int_equal(erase_jobs_new(store, &jobs, &fault), RC_OK);
    assert_true(erase_jobs_pending(jobs));
    size_t before = REPORTS + LOCKS;
    int steps = 0;
    for (; !finished; steps++) {
        if (erase_jobs_step(jobs, &finished, &fault) != RC_OK)
            fail_msg("%s", fault_why(&fault));
        struct counted counted = events_of(key);
        assert_true(counted.own + counted.named < before);
        before = counted.own + counted.named;
    }
    assert_true(steps > 1);
    assert_false(erase_jobs_pending(jobs));
    nothing_is_left(key);
    erase_jobs_free(jobs);
    assert_int_equal(erase_jobs_new(store, &jobs, &fault), RC_OK);
    assert_false(erase_jobs_pending(jobs));
    assert_int_equal(erase_jobs_step(jobs, &finished, &fault), RC_OK); /* of nothing */
    assert_false(finished);
    erase_jobs_free(jobs);
    erase_jobs_free(NULL);
    verify_finds_nothing();
    store_close(store);
}

static void a_start_goes_on_with_it(void **unused)
{
    uint32_t key = erased_by_one_that_was_killed();

    (void)unused;
    store = open_store();
    engine = open_engine(store);
    assert_int_equal(key_of("erika"), 0);
    engine_free(engine); /* all of it, before the store is closed */
    nothing_is_left(key);
    verify_finds_nothing();
    store_close(store);
}

/* Between the batches of a server that goes on serving. */
static void a_server_takes_it_out_between_batches(void **unused)
{
    struct fault fault = {NULL, NULL};

    (void)unused;
    store = open_store();
    engine = open_engine(store);
    uint32_t key = a_long_life();
    (void)do_one(erasure());
    assert_int_equal(events_of(key).own, REPORTS);
    assert_int_equal(engine_start(engine, &fault), RC_OK);
    for (int looks = 0; events_of(key).own + events_of(key).named > 0; looks++) {
        assert_true(looks < 5000);
        (void)nanosleep(&(struct timespec){0, 2000000}, NULL);
    }
    nothing_is_left(key);
    engine_free(engine);
    verify_finds_nothing();
    store_close(store);
}

/* A job that the engine adds by itself, without reading it back. */
static void a_job_is_what_its_lists_say(void **unused)
{
    uint64_t own[2], named[1];
    struct erase_jobs *jobs;
    struct fault fault = {NULL, NULL};
    bool finished = false, any = false;

    (void)unused;
    store = open_store();
    engine = open_engine(store);
    own[0] = report("erika", "c1", "i1");
    own[1] = report("erika", "c1", "i2");
    uint64_t kept = report("erika", "c1", "i3");
    named[0] = do_one((struct command){.kind = CMD_LOCK,
                                       .face = FACE_COURSEROOM,
                                       .learner = text("berta"),
                                       .course = text("c1"),
                                       .item = text("i1"),
                                       .actor = text("erika")});
    uint32_t key = key_of("erika");
    struct store_erasure gone = {.learner = key, .id = "erika", .id_size = 5};
    gone.own = erase_list_encode(own, COUNT(own), &arena, &gone.own_size);
    gone.named = erase_list_encode(named, COUNT(named), &arena, &gone.named_size);
    assert_int_equal(erase_jobs_look(store, &gone, &any, &fault), RC_OK);
    assert_true(any);
    assert_int_equal(erase_jobs_new(store, &jobs, &fault), RC_OK);
    assert_true(erase_jobs_add(jobs, &gone));
    while (!finished)
        assert_int_equal(erase_jobs_step(jobs, &finished, &fault), RC_OK);
    erase_jobs_free(jobs);
    assert_int_equal(erase_jobs_look(store, &gone, &any, &fault), RC_OK);
    assert_false(any);
    struct counted counted = events_of(key);
    assert_int_equal(counted.own, 1); /* what the lists do not name stays */
    assert_int_equal(counted.named, 0);
    assert_int_equal(counted.erased, 1);
    assert_true(kept > own[1]);
    engine_free(engine);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_down_is_taken_out_in_steps, begin_empty, end_empty),
        cmocka_unit_test_setup_teardown(a_start_goes_on_with_it, begin_empty, end_empty),
        cmocka_unit_test_setup_teardown(a_server_takes_it_out_between_batches, begin_empty, end_empty),
        cmocka_unit_test_setup_teardown(a_job_is_what_its_lists_say, begin_empty, end_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
