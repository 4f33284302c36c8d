#include "app/checkpointer.h"

#include <malloc.h>

#include "app/engine_private.h"
#include "base/monotonic.h"
#include "model/checkpoint.h"

enum {
    CHECKPOINT_EVENTS = 131072, /* replay at start stays short: measured 0.13 s for so many */
    CHECKPOINT_AFTER_MS = 5000, /* a quiet server's model is at most this old */
    SAY_EVERY_MS = 60000,       /* what goes on failing is said again */
    TIDY_AFTER_MS = 1000,       /* after a checkpoint, unless the next has come */
};

/* What became of the checkpoint that was written goes on the record. Lock held. */
static void note_checkpoint(struct engine *engine)
{
    struct engine_state *state = &engine->state;

    if (engine->checkpoint_ok)
        state->checkpointed = checkpoint_sequence(engine->checkpoint);
    if (engine->checkpoint_ok)
        state->too_long = checkpoint_too_long(engine->checkpoint);
    if (engine->checkpoint_ok)
        state->checkpoint_failing_since_ms = 0;
    else if (!state->checkpoint_failing_since_ms)
        state->checkpoint_failing_since_ms = engine->policy.now_ms();
}

void checkpointer_consider(struct engine *engine)
{
    struct checkpoint *checkpoint = engine->checkpoint;

    if (checkpoint) {
        if (!engine->checkpoint_over)
            return;
        bool written = engine->checkpoint_ok;
        note_checkpoint(engine);
        engine->checkpoint = NULL;
        (void)pthread_mutex_unlock(&engine->lock);
        checkpoint_done(checkpoint, engine->model, written);
        (void)pthread_mutex_lock(&engine->lock);
    }
    if (engine->revision)
        return; /* its event is before others that are published: there is no one sequence to take */
    uint64_t tail = engine->state.sequence - engine->state.checkpointed;
    int64_t now_ms = monotonic_ms();
    bool urgent = tail >= CHECKPOINT_EVENTS && !engine->state.checkpoint_failing_since_ms;
    if ((tail == 0 && !model_scrub_owed(engine->model)) ||
        (!urgent && now_ms - engine->last_checkpoint_ms < CHECKPOINT_AFTER_MS))
        return;
    engine->last_checkpoint_ms = now_ms;
    (void)pthread_mutex_unlock(&engine->lock);
    enum rc rc = checkpoint_take(engine->model, engine->tail, &checkpoint);
    (void)pthread_mutex_lock(&engine->lock);
    if (rc != RC_OK || !checkpoint)
        return; /* out of memory: the next batch tries again */
    engine->checkpoint = checkpoint;
    engine->checkpoint_over = false;
    (void)pthread_cond_signal(&engine->checkpoint_work);
}

/* Until there is one, or the end. What the changes before the last one left free in the C library's heaps, up
 * to as much again as is in use, goes back to the system. */
static void wait_for_checkpoint(struct engine *engine, bool *inout_untidy)
{
    while (!(engine->checkpoint && !engine->checkpoint_over) && engine->threads_run) {
        if (!*inout_untidy) {
            (void)pthread_cond_wait(&engine->checkpoint_work, &engine->lock);
        } else if (!monotonic_wait(&engine->checkpoint_work, &engine->lock, TIDY_AFTER_MS)) {
            (void)pthread_mutex_unlock(&engine->lock);
            (void)malloc_trim(0); /* nothing to give back is fine */
            (void)pthread_mutex_lock(&engine->lock);
            *inout_untidy = false;
        }
    }
}

/* The operator hears of it at once, then once a minute. */
static void say_checkpoint(const struct engine *engine, enum rc rc, uint32_t too_long,
                           const struct fault *fault, int64_t *inout_said_ms)
{
    int64_t now_ms = monotonic_ms();

    if ((rc == RC_OK && !too_long) || !engine->policy.say || now_ms - *inout_said_ms < SAY_EVERY_MS)
        return;
    *inout_said_ms = now_ms;
    engine->policy.say("checkpoint.db",
                       rc == RC_OK
                           ? "a learner's state is too long for a row; each start will fold all events"
                           : fault->message);
}

void *checkpointer_main(void *arg)
{
    struct engine *engine = arg;
    bool untidy = true; /* as a long replay leaves it */
    int64_t said_ms = INT64_MIN / 2;

    (void)pthread_setname_np(pthread_self(),
                             "checkpointer"); /* for who looks at the threads; 15 bytes at most */
    (void)pthread_mutex_lock(&engine->lock);
    for (;;) {
        wait_for_checkpoint(engine, &untidy);
        if (!(engine->checkpoint && !engine->checkpoint_over))
            break;
        struct checkpoint *checkpoint = engine->checkpoint;
        struct fault fault = {NULL, NULL};
        (void)pthread_mutex_unlock(&engine->lock);
        enum rc rc = checkpoint_write(checkpoint, engine->store, &fault);
        say_checkpoint(engine, rc, checkpoint_too_long(checkpoint), &fault, &said_ms);
        (void)pthread_mutex_lock(&engine->lock);
        engine->checkpoint_ok = rc == RC_OK;
        engine->checkpoint_over = true;
        untidy = true;
        if (engine->sleeping)
            (void)pthread_cond_signal(&engine->work);
    }
    (void)pthread_mutex_unlock(&engine->lock);
    return NULL;
}
