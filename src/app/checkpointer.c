#include "app/checkpointer.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "app/engine.h"
#include "base/histogram.h"
#include "base/monotonic.h"
#include "model/checkpoint.h"
#include "model/model.h"
#include "store/store.h"

enum {
    CHECKPOINT_EVENTS = 131072, /* replay at start stays short: measured 0.13 s for so many */
    CHECKPOINT_AFTER_MS = 5000, /* a quiet server's model is at most this old */
    SAY_EVERY_MS = 60000,       /* what goes on failing is said again */
    TIDY_AFTER_MS = 1000,       /* after a checkpoint, unless the next has come */
};

/* Invariants: `over` only while there is a checkpoint; the thread looks at a checkpoint that is not over, the
 * engine's at one that is, so no two threads look at one at a time. */
struct checkpointer {
    struct store *store;
    struct model *model;
    struct tail *tail;
    const struct policy *policy;
    void (*woken)(void *arg);
    void *arg;
    int64_t last_ms; /* monotonic, when one was taken last; the engine's thread alone */
    _Atomic uint64_t sequence;
    struct histogram took_us; /* its thread adds, anybody reads */
    pthread_t thread;

    pthread_mutex_t lock; /* guards what follows; held for moments, with no other lock inside */
    pthread_cond_t work;
    bool runs;
    struct checkpoint *checkpoint; /* taken; NULL: none */
    bool over, ok;                 /* it is written, or that failed */
    int64_t failing_since_ms;
    uint32_t too_long;
};

enum rc checkpointer_new(struct store *store, struct model *model, struct tail *tail,
                         const struct policy *policy, void (*woken)(void *arg), void *arg,
                         struct checkpointer **out_checkpointer, struct fault *fault)
{
    struct checkpointer *checkpointer = calloc(1, sizeof *checkpointer);

    if (!checkpointer)
        return fault_no_memory(fault);
    checkpointer->store = store;
    checkpointer->model = model;
    checkpointer->tail = tail;
    checkpointer->policy = policy;
    checkpointer->woken = woken;
    checkpointer->arg = arg;
    checkpointer->sequence = store_checkpoint_sequence(store);
    (void)pthread_mutex_init(&checkpointer->lock, NULL); /* default attributes cannot fail */
    (void)pthread_cond_init(&checkpointer->work, NULL);  /* likewise */
    *out_checkpointer = checkpointer;
    return RC_OK;
}

uint64_t checkpointer_sequence(const struct checkpointer *checkpointer)
{
    return checkpointer->sequence;
}

void checkpointer_state(struct checkpointer *checkpointer, int64_t *out_failing_since_ms,
                        uint32_t *out_too_long)
{
    (void)pthread_mutex_lock(&checkpointer->lock);
    *out_failing_since_ms = checkpointer->failing_since_ms;
    *out_too_long = checkpointer->too_long;
    (void)pthread_mutex_unlock(&checkpointer->lock);
}

const struct histogram *checkpointer_times(const struct checkpointer *checkpointer)
{
    return &checkpointer->took_us;
}

/* ---- the engine's thread ---- */

/* The checkpoint that was written, with what became of it on the record; NULL: none is over. *out_busy: one
 * is being written. */
static struct checkpoint *take_back(struct checkpointer *checkpointer, bool *out_written, bool *out_busy)
{
    (void)pthread_mutex_lock(&checkpointer->lock);
    struct checkpoint *checkpoint = checkpointer->over ? checkpointer->checkpoint : NULL;
    *out_busy = checkpointer->checkpoint && !checkpoint;
    *out_written = checkpointer->ok;
    if (checkpoint) {
        checkpointer->checkpoint = NULL;
        checkpointer->over = false;
        if (*out_written) {
            checkpointer->sequence = checkpoint_sequence(checkpoint);
            checkpointer->too_long = checkpoint_too_long(checkpoint);
            checkpointer->failing_since_ms = 0;
        } else if (!checkpointer->failing_since_ms) {
            checkpointer->failing_since_ms = checkpointer->policy->now_ms();
        }
    }
    (void)pthread_mutex_unlock(&checkpointer->lock);
    return checkpoint;
}

static bool is_due(struct checkpointer *checkpointer, uint64_t sequence, int64_t now_ms)
{
    uint64_t tail = sequence - checkpointer->sequence;
    /* written by this thread alone */
    bool urgent = tail >= CHECKPOINT_EVENTS && !checkpointer->failing_since_ms;

    return (tail || model_scrub_owed(checkpointer->model)) &&
           (urgent || now_ms - checkpointer->last_ms >= CHECKPOINT_AFTER_MS);
}

void checkpointer_consider(struct checkpointer *checkpointer, uint64_t sequence, bool hold)
{
    bool written, busy;
    struct checkpoint *checkpoint = take_back(checkpointer, &written, &busy);
    int64_t now_ms = monotonic_ms();

    if (checkpoint)
        checkpoint_done(checkpoint, checkpointer->model, written);
    if (busy || hold || !is_due(checkpointer, sequence, now_ms))
        return;
    checkpointer->last_ms = now_ms;
    if (checkpoint_take(checkpointer->model, checkpointer->tail, &checkpoint) != RC_OK || !checkpoint)
        return; /* out of memory: tried again later */
    (void)pthread_mutex_lock(&checkpointer->lock);
    checkpointer->checkpoint = checkpoint;
    (void)pthread_cond_signal(&checkpointer->work);
    (void)pthread_mutex_unlock(&checkpointer->lock);
}

void checkpointer_hurry(struct checkpointer *checkpointer)
{
    checkpointer->last_ms = INT64_MIN / 2;
}

/* ---- the checkpointer's ---- */

/* Until there is one, or the end. What the changes before the last one left free in the C library's heaps, up
 * to as much again as is in use, goes back to the system. Lock held. */
static void wait_for_checkpoint(struct checkpointer *checkpointer, bool *inout_untidy)
{
    while (!(checkpointer->checkpoint && !checkpointer->over) && checkpointer->runs) {
        if (!*inout_untidy) {
            (void)pthread_cond_wait(&checkpointer->work, &checkpointer->lock);
        } else if (!monotonic_wait(&checkpointer->work, &checkpointer->lock, TIDY_AFTER_MS)) {
            (void)pthread_mutex_unlock(&checkpointer->lock);
            store_checkpoint_rest(checkpointer->store);
            (void)malloc_trim(0); /* nothing to give back is fine */
            (void)pthread_mutex_lock(&checkpointer->lock);
            *inout_untidy = false;
        }
    }
}

/* The operator hears of it at once, then once a minute. */
static void say_checkpoint(const struct policy *policy, enum rc rc, uint32_t too_long,
                           const struct fault *fault, int64_t *inout_said_ms)
{
    int64_t now_ms = monotonic_ms();

    if ((rc == RC_OK && !too_long) || !policy->say || now_ms - *inout_said_ms < SAY_EVERY_MS)
        return;
    *inout_said_ms = now_ms;
    policy->say("checkpoint.db",
                rc == RC_OK ? "a learner's state is too long for a row; each start will fold all events"
                            : fault_why(fault));
}

static void *checkpointer_main(void *arg)
{
    struct checkpointer *checkpointer = arg;
    bool untidy = true; /* as a long replay leaves it */
    int64_t said_ms = INT64_MIN / 2;

    /* for who looks at the threads; 15 bytes at most */
    (void)pthread_setname_np(pthread_self(), "checkpointer");
    (void)pthread_mutex_lock(&checkpointer->lock);
    for (;;) {
        wait_for_checkpoint(checkpointer, &untidy);
        if (!checkpointer->checkpoint || checkpointer->over)
            break;
        struct checkpoint *checkpoint = checkpointer->checkpoint;
        struct fault fault = {NULL, NULL};
        (void)pthread_mutex_unlock(&checkpointer->lock);
        uint64_t began_us = monotonic_us();
        enum rc rc = checkpoint_write(checkpoint, checkpointer->store, &fault);
        histogram_add(&checkpointer->took_us, histogram_times_us, monotonic_us() - began_us);
        say_checkpoint(checkpointer->policy, rc, checkpoint_too_long(checkpoint), &fault, &said_ms);
        (void)pthread_mutex_lock(&checkpointer->lock);
        checkpointer->ok = rc == RC_OK;
        checkpointer->over = true;
        untidy = true;
        (void)pthread_mutex_unlock(&checkpointer->lock);
        checkpointer->woken(checkpointer->arg);
        (void)pthread_mutex_lock(&checkpointer->lock);
    }
    (void)pthread_mutex_unlock(&checkpointer->lock);
    return NULL;
}

/* ---- outside ---- */

enum rc checkpointer_start(struct checkpointer *checkpointer, struct fault *fault)
{
    checkpointer->runs = true;
    if (pthread_create(&checkpointer->thread, NULL, checkpointer_main, checkpointer) == 0)
        return RC_OK;
    checkpointer->runs = false;
    return fault_set(fault, RC_BUSY, NULL, "cannot start a thread");
}

void checkpointer_stop(struct checkpointer *checkpointer)
{
    bool written, busy;

    (void)pthread_mutex_lock(&checkpointer->lock);
    bool ran = checkpointer->runs;
    checkpointer->runs = false;
    (void)pthread_cond_signal(&checkpointer->work);
    (void)pthread_mutex_unlock(&checkpointer->lock);
    if (!ran)
        return;
    (void)pthread_join(checkpointer->thread, NULL);
    struct checkpoint *checkpoint = take_back(checkpointer, &written, &busy);
    if (checkpoint)
        checkpoint_done(checkpoint, checkpointer->model, written);
}

void checkpointer_free(struct checkpointer *checkpointer)
{
    if (!checkpointer)
        return;
    checkpointer_stop(checkpointer);
    (void)pthread_mutex_destroy(&checkpointer->lock);
    (void)pthread_cond_destroy(&checkpointer->work);
    free(checkpointer);
}

enum rc checkpointer_write_first(struct store *store, struct model *model, struct tail *tail,
                                 uint64_t *inout_sequence, struct fault *fault)
{
    struct checkpoint *checkpoint;
    enum rc rc = checkpoint_take(model, tail, &checkpoint);

    if (rc != RC_OK)
        return fault_set(fault, rc, NULL, "out of memory");
    if (!checkpoint)
        return RC_OK;
    rc = checkpoint_write(checkpoint, store, fault);
    if (rc == RC_OK)
        *inout_sequence = checkpoint_sequence(checkpoint);
    checkpoint_done(checkpoint, model, rc == RC_OK);
    return rc;
}

enum rc checkpointer_write(struct checkpointer *checkpointer, struct fault *fault)
{
    uint64_t sequence = checkpointer->sequence;
    enum rc rc = checkpointer_write_first(checkpointer->store, checkpointer->model, checkpointer->tail,
                                          &sequence, fault);

    checkpointer->sequence = sequence;
    return rc;
}
