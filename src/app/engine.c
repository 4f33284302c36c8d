#include "app/engine.h"

#include <stdlib.h>

#include "app/checkpointer.h"
#include "app/commit.h"
#include "app/engine_private.h"
#include "app/queue.h"
#include "app/revising.h"
#include "app/startup.h"
#include "app/traces.h"
#include "base/codec.h"
#include "base/monotonic.h"
#include "model/checkpoint.h"
#include "model/revision.h"

enum {
    /* commands waiting; above that 503 at once. Fewer than there may be connections */
    QUEUE_MAX = 8192,
    /* a commit that takes longer: the disk hangs, so what comes is refused at once */
    STALL_MS = 5000,
    TAIL_MAX =
        1000000,   /* uncheckpointed events: above that writes get 503 until the checkpoint file catches up */
    LOOK_MS = 250, /* how often an engine with nothing to do looks whether a checkpoint is due */
};

enum rc engine_new(struct store *store, const struct policy *policy, void (*progress)(uint64_t folded),
                   struct engine **out_engine, struct fault *fault)
{
    struct engine *engine = calloc(1, sizeof *engine);

    if (!engine)
        return fault_no_memory(fault);
    engine->store = store;
    engine->policy = *policy;
    (void)pthread_mutex_init(&engine->lock, NULL); /* default attributes cannot fail */
    (void)pthread_cond_init(&engine->work, NULL);  /* likewise */
    (void)pthread_cond_init(&engine->checkpoint_work, NULL);
    arena_init(&engine->batch.arena);
    enum rc rc =
        tail_new(&engine->tail) == RC_OK ? startup_load(engine, progress, fault) : fault_no_memory(fault);
    if (rc == RC_OK)
        rc = erase_jobs_new(store, &engine->jobs, fault);
    if (rc == RC_OK)
        rc = log_totals_new(store, &engine->batch.logs.totals, fault);
    if (rc != RC_OK) {
        engine_free(engine);
        return rc;
    }
    engine->batch.fold = &engine->fold;
    engine->batch.store = store;
    engine->batch.history = (struct history){store, engine->tail, engine->model};
    engine->batch.policy = &engine->policy;
    engine->batch.counters = store_counters(store);
    rc = settling_resume(engine, &engine->batch, fault);
    if (rc == RC_OK)
        rc = adopting_resume(&engine->batch, fault);
    if (rc != RC_OK) {
        engine_free(engine);
        return rc;
    }
    engine->state.sequence = model_published(engine->model);
    engine->state.checkpointed = store_checkpoint_sequence(store);
    *out_engine = engine;
    return RC_OK;
}

void engine_set_live(struct engine *engine, const struct live_sink *live)
{
    engine->live = live;
}

const struct history *engine_history(struct engine *engine)
{
    return &engine->batch.history;
}

struct log_totals *engine_log_totals(struct engine *engine)
{
    return engine->batch.logs.totals;
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
    return engine->state.sequence - engine->state.checkpointed > TAIL_MAX;
}

/* Lock held. */
static uint32_t queued(const struct engine *engine)
{
    return engine->small.count + engine->large.count;
}

struct engine_state engine_state(struct engine *engine)
{
    (void)pthread_mutex_lock(&engine->lock);
    struct engine_state state = engine->state;
    state.queued = queued(engine);
    state.stalled = is_stalled(engine);
    state.behind = is_behind(engine);
    state.writable = !state.failing_since_ms && !state.stalled && !state.behind && !state.broken;
    (void)pthread_mutex_unlock(&engine->lock);
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
    enum rc rc = batch_emit(batch, &event, fault);
    return commit_decided(engine, NULL, rc, NULL, NULL, fault);
}

static void wait_for_work(struct engine *engine)
{
    bool dirty = engine->state.sequence != engine->state.checkpointed || engine->scrub ||
                 erase_jobs_pending(engine->jobs) || model_scrub_owed(engine->model) ||
                 engine->state.failing_since_ms;

    engine->sleeping = true;
    if (dirty)
        (void)monotonic_wait(&engine->work, &engine->lock,
                             LOOK_MS); /* wakes to checkpoint, though nobody writes */
    else
        (void)pthread_cond_wait(&engine->work, &engine->lock);
    engine->sleeping = false;
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
            engine->fold.may_defer = commands->kind != CMD_ERASE && queue_is_alone(engine, commands);
            (void)commit_batch(engine, commands, NULL, NULL, &fault); /* each command carries its result */
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

static void *engine_main(void *arg)
{
    struct engine *engine = arg;

    (void)pthread_setname_np(pthread_self(), "engine"); /* for who looks at the threads; 15 bytes at most */
    (void)pthread_mutex_lock(&engine->lock);
    for (;;) {
        checkpointer_consider(engine);
        struct command *commands = queue_take(engine);
        /* what follows its event need not wait for others */
        if (!commands && !engine->revision &&
            (engine->batch.logs.settlings.first || (engine->batch.adoptions.first && !engine->stopping))) {
            struct fault fault = {NULL, NULL};
            engine->busy_since_ms = monotonic_ms();
            (void)pthread_mutex_unlock(&engine->lock);
            enum rc rc = commit_batch(engine, NULL, NULL, NULL, &fault);
            (void)pthread_mutex_lock(&engine->lock);
            engine->busy_since_ms = 0;
            if (rc == RC_OK || !engine->stopping) {
                if (rc != RC_OK)
                    (void)monotonic_wait(&engine->work, &engine->lock,
                                         LOOK_MS); /* the disk may be full: a moment later */
                continue;
            }
        }
        if (!commands && !engine->revision) {
            if (engine->stopping)
                break;
            if (erase_jobs_pending(engine->jobs) && monotonic_ms() >= engine->jobs_after_ms) {
                (void)pthread_mutex_unlock(&engine->lock);
                traces_erase_some(engine);
                (void)pthread_mutex_lock(&engine->lock);
                continue;
            }
            wait_for_work(engine);
            if (engine->scrub || engine->state.failing_since_ms) {
                (void)pthread_mutex_unlock(&engine->lock);
                traces_scrub(engine); /* a reader was in the way before */
                commit_note_failing(engine, false, NULL);
                (void)pthread_mutex_lock(&engine->lock);
            }
            continue;
        }
        engine->busy_since_ms = monotonic_ms();
        (void)pthread_mutex_unlock(&engine->lock);
        run_all(engine, commands);
        (void)pthread_mutex_lock(&engine->lock);
        engine->busy_since_ms = 0;
    }
    (void)pthread_mutex_unlock(&engine->lock);
    for (struct command *command; (command = adopting_give_up(&engine->batch));)
        commit_answer(engine, command); /* the next start goes on with it */
    return NULL;
}

enum rc engine_start(struct engine *engine, struct fault *fault)
{
    engine->threads_run = true;
    engine->batch.adoptions.later = true;
    if (pthread_create(&engine->checkpointer, NULL, checkpointer_main, engine) != 0) {
        engine->threads_run = false;
        return fault_set(fault, RC_BUSY, NULL, "cannot start a thread");
    }
    if (pthread_create(&engine->engine_thread, NULL, engine_main, engine) != 0) {
        (void)pthread_mutex_lock(&engine->lock);
        engine->threads_run = false;
        (void)pthread_cond_signal(&engine->checkpoint_work);
        (void)pthread_mutex_unlock(&engine->lock);
        (void)pthread_join(engine->checkpointer, NULL);
        return fault_set(fault, RC_BUSY, NULL, "cannot start a thread");
    }
    return RC_OK;
}

struct command *engine_submit(struct engine *engine, struct command *commands, struct fault *fault)
{
    (void)pthread_mutex_lock(&engine->lock);
    bool open = !engine->stopping && !engine->state.broken && !is_stalled(engine) && !is_behind(engine);
    while (commands && open && queued(engine) < QUEUE_MAX) {
        struct command *command = commands;
        commands = command->next;
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
    struct checkpoint *checkpoint;
    enum rc rc = checkpoint_take(engine->model, engine->tail, &checkpoint);

    if (rc != RC_OK)
        return fault_set(fault, rc, NULL, "out of memory");
    if (!checkpoint)
        return RC_OK;
    rc = checkpoint_write(checkpoint, engine->store, fault);
    if (rc == RC_OK)
        engine->state.checkpointed = checkpoint_sequence(checkpoint);
    checkpoint_done(checkpoint, engine->model, rc == RC_OK);
    return rc;
}

static void stop_threads(struct engine *engine)
{
    (void)pthread_mutex_lock(&engine->lock);
    engine->stopping = true;
    (void)pthread_cond_signal(&engine->work);
    (void)pthread_mutex_unlock(&engine->lock);
    (void)pthread_join(engine->engine_thread, NULL);
    (void)pthread_mutex_lock(&engine->lock);
    engine->threads_run = false;
    (void)pthread_cond_signal(&engine->checkpoint_work);
    (void)pthread_mutex_unlock(&engine->lock);
    (void)pthread_join(engine->checkpointer, NULL);
    if (engine->checkpoint) {
        checkpoint_done(engine->checkpoint, engine->model, engine->checkpoint_over && engine->checkpoint_ok);
        engine->checkpoint = NULL;
    }
}

void engine_free(struct engine *engine)
{
    struct fault fault;

    if (!engine)
        return;
    if (engine->threads_run)
        stop_threads(engine);
    if (engine->model && engine->fold.model && !engine->state.broken) {
        enum rc checkpointed = engine_checkpoint(engine, &fault);
        (void)checkpointed; /* if it fails, the next start folds the tail again */
    }
    traces_erase_rest(engine);
    traces_scrub_last(engine);
    erase_jobs_free(engine->jobs);
    fold_done(&engine->fold);
    model_free(engine->model);
    tail_free(engine->tail);
    free(engine->batch.events);
    batch_logs_done(&engine->batch.logs);
    adoptions_done(&engine->batch.adoptions);
    arena_done(&engine->batch.arena);
    (void)pthread_mutex_destroy(&engine->lock);
    (void)pthread_cond_destroy(&engine->work);
    (void)pthread_cond_destroy(&engine->checkpoint_work);
    free(engine);
}
