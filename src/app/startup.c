#include "app/startup.h"

#include "app/checkpointer.h"
#include "app/engine_private.h"
#include "model/checkpoint_load.h"
#include "model/judge.h"
#include "model/replay.h"

enum { PROGRESS_EVERY = 1 << 12 };

struct tail_replay {
    struct replay replay;
    struct engine *engine;
    uint64_t folded, since_checkpoint;
    void (*progress)(void *arg, uint64_t folded);
};

static enum rc take_event(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct tail_replay *tail = arg;
    enum rc rc = replay_event(&tail->replay, stored);

    if (rc == RC_INTERNAL)
        return fault_text(fault, rc, "the store failed",
                          "event %llu (kind %u) cannot be read: a newer version wrote it, or it is damaged;"
                          " start that version, or restore a backup",
                          (unsigned long long)stored->sequence, stored->kind);
    if (rc == RC_INVALID)
        return fault_set(fault, rc, NULL, tail->replay.judge->problem);
    if (rc != RC_OK)
        return fault_no_memory(fault);
    tail_add(tail->engine->tail, stored, 1);
    tail->folded++;
    tail->since_checkpoint++;
    if (tail->replay.pending == 0 && tail->engine->policy.stop && tail->engine->policy.stop())
        return fault_set(fault, RC_BUSY, NULL, "the start was ended");
    if (tail->progress && tail->folded % PROGRESS_EVERY == 0)
        tail->progress(tail->engine->policy.progress_arg, tail->folded);
    if (tail->since_checkpoint >= START_CHECKPOINT_EVENTS && tail->replay.pending == 0) {
        uint64_t sequence = 0;
        enum rc written = checkpointer_write_first(tail->engine->store, tail->engine->model,
                                                   tail->engine->tail, &sequence, fault);
        (void)written; /* on a full disk it starts all the same, and folds the same events next time */
        tail->since_checkpoint = 0;
    }
    return RC_OK;
}

static enum rc replay_tail(struct engine *engine, void (*progress)(void *, uint64_t), struct fault *fault)
{
    struct tail_replay tail = {.engine = engine, .progress = progress};

    if (replay_init(&tail.replay, &engine->fold) != RC_OK)
        return fault_no_memory(fault);
    tail.replay.judge = engine->policy.judge;
    enum rc rc = store_each_event(engine->store, model_published(engine->model), take_event, &tail, fault);
    if (rc == RC_OK && replay_publish(&tail.replay) != RC_OK)
        rc = fault_no_memory(fault);
    replay_done(&tail.replay);
    return rc;
}

static enum rc make_model(struct engine *engine, struct fault *fault)
{
    return model_new(&engine->model) == RC_OK ? RC_OK : fault_no_memory(fault);
}

enum rc startup_load(struct engine *engine, void (*progress)(void *, uint64_t), struct fault *fault)
{
    enum rc rc = make_model(engine, fault);

    if (rc == RC_OK)
        rc = checkpoint_load(engine->model, engine->store, fault);
    if (rc == RC_CONFLICT) { /* made again from the events */
        model_free(engine->model);
        engine->model = NULL;
        rc = store_checkpoint_discard(engine->store, fault);
        if (rc == RC_OK)
            rc = make_model(engine, fault);
        if (rc == RC_OK)
            rc = checkpoint_load(engine->model, engine->store, fault);
    }
    if (rc == RC_OK && fold_init(&engine->fold, engine->model) != RC_OK)
        rc = fault_no_memory(fault);
    if (rc == RC_OK)
        rc = replay_tail(engine, progress, fault);
    return rc;
}
