#include "app/engine.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/checkpointer.h"
#include "app/commit.h"
#include "app/commit_notes.h"
#include "app/engine_private.h"
#include "app/others.h"
#include "app/queue.h"
#include "app/revising.h"
#include "app/startup.h"
#include "app/traces.h"
#include "base/codec.h"
#include "base/monotonic.h"
#include "model/revision.h"
#include "store/checkpoint.h"

enum {
    /* commands waiting; above that 503 at once. Fewer than there may be connections */
    QUEUE_MAX = 8192,
    /* a commit that takes longer: the disk hangs, so what comes is refused at once */
    STALL_MS = 5000,
    TAIL_MAX =
        1000000,   /* uncheckpointed events: above that writes get 503 until the checkpoint file catches up */
    LOOK_MS = 250, /* how often an engine with nothing to do looks whether a checkpoint is due */
    FOLLOW_MS = 1000, /* how often it looks whether others have written, besides when the log says so */
};

/* A checkpoint is written: the engine's thread, if it has nothing else to do, takes it back. */
static void wake(void *arg)
{
    struct engine *engine = arg;

    (void)pthread_mutex_lock(&engine->lock);
    if (engine->sleeping)
        (void)pthread_cond_signal(&engine->work);
    (void)pthread_mutex_unlock(&engine->lock);
}

/* As the log calls it: others have written, perhaps. */
static void note_others(void *arg)
{
    struct engine *engine = arg;

    (void)pthread_mutex_lock(&engine->lock);
    engine->others_wrote = true;
    (void)pthread_mutex_unlock(&engine->lock);
    wake(engine);
}

/* A number by which nodes differ. */
static uint32_t spread_of(const struct store *store)
{
    char digits[] = "0000000";

    memcpy(digits, store_identity(store), strnlen(store_identity(store), sizeof digits - 1));
    return (uint32_t)strtoul(digits, NULL, 16);
}

/* An engine that is not whole yet goes again. The caller says why. A node that does not hold what its log
 * holds leaves log and files as they are. */
static enum rc give_up(struct engine *engine, enum rc rc)
{
    engine->state.broken = rc == RC_CONFLICT || rc == RC_INTERNAL;
    engine_free(engine);
    return rc;
}

enum rc engine_new(struct store *store, const struct policy *policy,
                   void (*progress)(void *arg, uint64_t folded), struct engine **out_engine,
                   struct fault *fault)
{
    struct engine *engine = calloc(1, sizeof *engine);

    if (!engine)
        return fault_no_memory(fault);
    engine->store = store;
    engine->log = store_event_log(store);
    engine->followed = store_copied(store);
    engine->policy = *policy;
    (void)pthread_mutex_init(&engine->lock, NULL); /* default attributes cannot fail */
    (void)pthread_cond_init(&engine->work, NULL);  /* likewise */
    (void)pthread_cond_init(&engine->turned, NULL);
    arena_init(&engine->batch.arena);
    enum rc rc =
        tail_new(&engine->tail) == RC_OK ? startup_load(engine, progress, fault) : fault_no_memory(fault);
    if (rc == RC_OK)
        rc = erase_jobs_new(store, &engine->jobs, fault);
    if (rc == RC_OK)
        rc = log_totals_new(store, &engine->batch.logs.totals, fault);
    if (rc == RC_OK)
        rc = checkpointer_new(store, engine->model, engine->tail, &engine->policy, wake, engine,
                              &engine->checkpointer, fault);
    if (rc == RC_OK && engine->log && log_is_shared(engine->log)) {
        engine->others_room = malloc(EVENT_SEGMENTS_MAX * sizeof *engine->others_room);
        rc = engine->others_room ? RC_OK : fault_no_memory(fault);
    }
    if (rc != RC_OK)
        return give_up(engine, rc);
    engine->batch.fold = &engine->fold;
    engine->batch.store = store;
    engine->batch.history = (struct history){store, engine->tail, engine->model, engine->batch.logs.totals};
    engine->batch.policy = &engine->policy;
    engine->batch.counters = store_counters(store);
    engine->starting = true;
    engine->batch.unfinished.shared = engine->others_room != NULL;
    engine->batch.unfinished.spread = spread_of(store);
    rc = others_catch_up(engine, fault);
    engine->starting = false;
    if (rc == RC_OK)
        rc = settling_resume(&engine->batch, fault);
    if (rc == RC_OK)
        rc = adopting_resume(&engine->batch, fault);
    if (rc != RC_OK)
        return give_up(engine, rc);
    engine->state.sequence = model_published(engine->model);
    engine->state.turn = engine->followed.number;
    engine->state.turn_batch = engine->followed.batch;
    *out_engine = engine;
    return RC_OK;
}

void engine_set_live(struct engine *engine, const struct live_sink *live)
{
    engine->live = live;
}

void engine_set_answers(struct engine *engine, struct idempotency *answers)
{
    engine->answers = answers;
}

struct log *engine_log(struct engine *engine)
{
    return engine->log;
}

int64_t engine_reached_ms(const struct engine *engine)
{
    return atomic_load(&engine->reached_ms);
}

int64_t engine_now_ms(const struct engine *engine)
{
    return engine->policy.now_ms();
}

struct log_costs engine_log_costs(struct engine *engine)
{
    (void)pthread_mutex_lock(&engine->lock);
    struct log_costs costs = engine->log_costs;
    (void)pthread_mutex_unlock(&engine->lock);
    return costs;
}

const struct history *engine_history(struct engine *engine)
{
    return &engine->batch.history;
}

struct model *engine_model(struct engine *engine)
{
    return engine->model;
}

struct store *engine_store(struct engine *engine)
{
    return engine->store;
}

/* Lock held. */
static bool is_stalled(const struct engine *engine)
{
    return engine->busy_since_ms && monotonic_ms() - engine->busy_since_ms > STALL_MS;
}

/* Lock held. */
static bool is_behind(const struct engine *engine)
{
    return engine->state.sequence - checkpointer_sequence(engine->checkpointer) > TAIL_MAX;
}

/* Lock held. */
static uint32_t queued(const struct engine *engine)
{
    return engine->small.count + engine->large.count;
}

const struct engine_timings *engine_timings(const struct engine *engine)
{
    return &engine->timings;
}

const struct histogram *engine_checkpoint_times(const struct engine *engine)
{
    return checkpointer_times(engine->checkpointer);
}

struct engine_state engine_state(struct engine *engine)
{
    (void)pthread_mutex_lock(&engine->lock);
    struct engine_state state = engine->state;
    state.queued = queued(engine);
    state.stalled = is_stalled(engine);
    state.behind = is_behind(engine);
    state.writable = !state.failing_since_ms && !state.in_doubt_since_ms && !state.copy_failing_since_ms &&
                     !state.stalled && !state.behind && !state.broken;
    (void)pthread_mutex_unlock(&engine->lock);
    state.checkpointed = checkpointer_sequence(engine->checkpointer);
    checkpointer_state(engine->checkpointer, &state.checkpoint_failing_since_ms, &state.too_long);
    return state;
}

enum rc engine_run(struct engine *engine, struct command *commands, const char *ledger_key,
                   const char *ledger_value, struct fault *fault)
{
    return commit_batch(engine, commands, ledger_key, ledger_value, fault);
}

enum rc engine_set_threshold(struct engine *engine, uint16_t threshold_hundredths, struct fault *fault)
{
    struct batch *batch = &engine->batch;
    uint8_t body[VARINT_MAX_BYTES];
    struct event event = {
        .kind = EV_THRESHOLD_SET, .face = FACE_CATALOG, .at_ms = engine->policy.now_ms(), .body = body};

    if (model_threshold(engine->model) == threshold_hundredths)
        return RC_OK;
    event.body_size = (uint32_t)(put_u64(body, threshold_hundredths) - body);
    enum rc rc = others_begin(engine, fault);
    if (rc == RC_OK && model_threshold(engine->model) != threshold_hundredths) /* nobody else did it since */
        rc = batch_emit(batch, &event, fault);
    return commit_decided(engine, NULL, rc, NULL, NULL, fault);
}

/* Until something is queued; not for long while there is something to be looked after. */
static void rest(struct engine *engine)
{
    bool dirty = engine->state.sequence != checkpointer_sequence(engine->checkpointer) || engine->scrub ||
                 erase_jobs_pending(engine->jobs) || model_scrub_owed(engine->model) ||
                 engine->state.failing_since_ms;

    (void)pthread_mutex_lock(&engine->lock);
    if (!queued(engine) && !engine->stopping && !engine->others_wrote) {
        engine->sleeping = true;
        if (dirty)
            (void)monotonic_wait(&engine->work, &engine->lock, LOOK_MS); /* a checkpoint may be due by then */
        else if (engine->others_room)
            engine->others_wrote |= !monotonic_wait(&engine->work, &engine->lock, FOLLOW_MS);
        else
            (void)pthread_cond_wait(&engine->work, &engine->lock);
        engine->sleeping = false;
    }
    bool others = engine->others_wrote;
    (void)pthread_mutex_unlock(&engine->lock);
    if (others)
        others_follow(engine);
    traces_scrub(engine); /* a reader was in the way before */
    commit_note_failing(engine, false, NULL);
}

static void run_all(struct engine *engine, struct command *commands)
{
    commands = revising_sort_out(engine, commands);
    while (commands || engine->revision) {
        struct fault fault = {NULL, NULL};
        if (commands && queue_is_alone(engine, commands) && engine->batch.adoptions.first &&
            !engine->revision)
            (void)commit_batch(engine, NULL, NULL, NULL,
                               &fault); /* which gets no further with those; else tried again later */
        if (commands) {
            struct command *rest = queue_cut_batch(engine, commands);
            engine->fold.may_defer = commands->kind != CMD_ERASE && queue_is_alone(engine, commands) &&
                                     !engine->others_room;  /* what others write is published whole */
            engine->gathers = engine->others_room && !rest; /* else those would overtake the rest */
            (void)commit_batch(engine, commands, NULL, NULL, &fault); /* each command carries its result */
            engine->gathers = false;
            engine->fold.may_defer = false;
            traces_scrub(engine);
            if (engine->revising != commands)
                commit_answer(engine, commands);
            else if (commands->split) { /* decided anew when the item is in its course */
                engine->revising = NULL;
                revising_block(engine, commands);
            }
            traces_erase_some(engine);
            commands = rest;
        }
        if (!engine->revision)
            continue;
        commands = revising_sort_out(engine, revising_step(engine, commands));
        if (!commands)
            break; /* others may have come */
    }
}

/* A little of what follows the events of earlier batches. False: that failed. */
static bool follow_up(struct engine *engine, bool stopping)
{
    struct fault fault = {NULL, NULL};

    if (commit_batch(engine, NULL, NULL, NULL, &fault) == RC_OK)
        return true;
    if (!stopping) { /* the disk may be full: a moment later, or after a write; others' are no reason */
        int64_t left_ms, until_ms = monotonic_ms() + LOOK_MS;
        (void)pthread_mutex_lock(&engine->lock);
        engine->sleeping = true;
        while (!queued(engine) && !engine->stopping && (left_ms = until_ms - monotonic_ms()) > 0)
            (void)monotonic_wait(&engine->work, &engine->lock, (uint64_t)left_ms);
        engine->sleeping = false;
        (void)pthread_mutex_unlock(&engine->lock);
    }
    return false;
}

/* One turn: what somebody waits for, else what follows of it, else what erasures left, else a rest. False: it
 * is the end. */
static bool take_turn(struct engine *engine)
{
    struct batch *batch = &engine->batch;

    checkpointer_consider(engine->checkpointer, engine->state.sequence, engine->revision != NULL);
    others_take_over(engine);
    (void)pthread_mutex_lock(&engine->lock);
    struct command *commands = queue_take(engine);
    bool stopping = engine->stopping, mine = commands || engine->revision;
    bool follows = batch->logs.settlings.first || (batch->adoptions.first && !stopping);
    bool others = engine->others_wrote && !mine && !stopping;
    engine->busy_since_ms = mine || follows ? monotonic_ms() : 0;
    (void)pthread_mutex_unlock(&engine->lock);
    if (others)
        others_follow(engine); /* somebody may wait to read it: before what nobody waits for */
    if (mine)
        run_all(engine, commands);
    else if (follows && (follow_up(engine, stopping) || !stopping))
        return true;
    else if (stopping)
        return false;
    else if (erase_jobs_pending(engine->jobs) && monotonic_ms() >= engine->jobs_after_ms)
        traces_erase_some(engine);
    else
        rest(engine);
    return true;
}

static void *engine_main(void *arg)
{
    struct engine *engine = arg;

    (void)pthread_setname_np(pthread_self(), "engine"); /* for who looks at the threads; 15 bytes at most */
    while (take_turn(engine))
        ;
    adopting_give_up(&engine->batch);
    commit_answer_adopted(engine);
    return NULL;
}

enum rc engine_start(struct engine *engine, struct fault *fault)
{
    enum rc rc = checkpointer_start(engine->checkpointer, fault);

    if (rc != RC_OK)
        return rc;
    engine->batch.adoptions.later = true;
    log_follow(engine->log, note_others, engine);
    engine->runs = pthread_create(&engine->thread, NULL, engine_main, engine) == 0;
    if (engine->runs)
        return RC_OK;
    log_follow(engine->log, NULL, NULL);
    checkpointer_stop(engine->checkpointer);
    return fault_set(fault, RC_BUSY, NULL, "cannot start a thread");
}

struct command *engine_submit(struct engine *engine, struct command *commands, struct fault *fault)
{
    uint64_t now_us = monotonic_us(); /* once for all of them, and not under the lock */

    (void)pthread_mutex_lock(&engine->lock);
    bool open = !engine->stopping && !engine->state.broken && !engine->state.copy_failing_since_ms &&
                !is_stalled(engine) && !is_behind(engine);
    while (commands && open && queued(engine) < QUEUE_MAX) {
        struct command *command = commands;
        commands = command->next;
        command->queued_us = now_us;
        queue_join(queue_weight(command) < LARGE_FROM ? &engine->small : &engine->large, command);
    }
    if (queued(engine) && engine->sleeping)
        (void)pthread_cond_signal(&engine->work);
    (void)pthread_mutex_unlock(&engine->lock);
    if (commands)
        (void)fault_set(fault, RC_BUSY, NULL,
                        "the server is busy; try again"); /* its rc is the return value */
    return commands;
}

enum rc engine_checkpoint(struct engine *engine, struct fault *fault)
{
    return checkpointer_write(engine->checkpointer, fault);
}

static void stop_thread(struct engine *engine)
{
    log_follow(engine->log, NULL, NULL);
    (void)pthread_mutex_lock(&engine->lock);
    engine->stopping = true;
    (void)pthread_cond_signal(&engine->work);
    (void)pthread_mutex_unlock(&engine->lock);
    (void)pthread_join(engine->thread, NULL);
}

void engine_free(struct engine *engine)
{
    struct fault fault;

    if (!engine)
        return;
    if (engine->runs)
        stop_thread(engine);
    if (engine->checkpointer) {
        checkpointer_stop(engine->checkpointer);
        enum rc rc = engine->state.broken ? RC_OK : engine_checkpoint(engine, &fault);
        (void)rc; /* if it fails, the next start folds the tail again */
        checkpointer_free(engine->checkpointer);
    }
    traces_erase_rest(engine);
    traces_scrub_last(engine);
    erase_jobs_free(engine->jobs);
    fold_done(&engine->fold);
    model_free(engine->model);
    tail_free(engine->tail);
    free(engine->batch.events);
    free(engine->others_room);
    batch_logs_done(&engine->batch.logs);
    adoptions_done(&engine->batch.adoptions);
    unfinished_done(&engine->batch.unfinished);
    arena_done(&engine->batch.arena);
    (void)pthread_mutex_destroy(&engine->lock);
    (void)pthread_cond_destroy(&engine->work);
    (void)pthread_cond_destroy(&engine->turned);
    free(engine);
}
