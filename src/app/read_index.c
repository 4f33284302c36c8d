#include "app/read_index.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "app/engine.h"
#include "app/others.h"
#include "base/monotonic.h"
#include "store/log.h"

enum {
    LOOK_MS = 1000, /* without anybody who waits: whether the log is there */
    AWAY_MS = 150,  /* the same while it is not */
    FOLD_MS = 3000, /* how long the model may need to be at the head */
};

struct read_index {
    struct engine *engine;
    struct log *log;
    void (*say)(const char *what, const char *why);
    pthread_t thread;
    _Atomic int64_t vain_ms; /* monotonic, when the last round began, if it was in vain; else 0 */
    pthread_mutex_t lock;    /* guards what follows */
    pthread_cond_t work;
    struct read_waiter *first, **last;
    bool stopping;
    struct read_index_state state;
};

static void tell(struct read_waiter *waiters, enum rc rc)
{
    for (struct read_waiter *waiter = waiters, *next; waiter; waiter = next) {
        next = waiter->next; /* after done it may be gone */
        waiter->rc = rc;
        if (rc != RC_OK)
            waiter->rc =
                fault_set(&waiter->fault, RC_BUSY, NULL, "the database cannot be reached; try again");
        waiter->done(waiter);
    }
}

void read_index_wait(struct read_index *index, struct read_waiter *first)
{
    struct read_waiter *last = first;

    while (last->next)
        last = last->next;
    (void)pthread_mutex_lock(&index->lock);
    bool refused = index->stopping || index->state.away_since_ms;
    if (!refused) {
        *index->last = first;
        index->last = &last->next;
        (void)pthread_cond_signal(&index->work);
    }
    (void)pthread_mutex_unlock(&index->lock);
    if (refused)
        tell(first, RC_BUSY);
}

/* All who wait by now; NULL: nobody came in a while. */
static struct read_waiter *take_all(struct read_index *index, bool *out_stopping)
{
    (void)pthread_mutex_lock(&index->lock);
    if (!index->first && !index->stopping)
        (void)monotonic_wait(&index->work, &index->lock, index->state.away_since_ms ? AWAY_MS : LOOK_MS);
    struct read_waiter *waiters = index->first;
    index->first = NULL;
    index->last = &index->first;
    for (const struct read_waiter *waiter = waiters; waiter; waiter = waiter->next)
        index->state.waits++;
    *out_stopping = index->stopping;
    (void)pthread_mutex_unlock(&index->lock);
    return waiters;
}

static void note(struct read_index *index, bool away, const char *why, uint64_t head, uint64_t ask_us,
                 uint64_t fold_us)
{
    (void)pthread_mutex_lock(&index->lock);
    bool was = index->state.away_since_ms != 0;
    if (away != was)
        index->state.away_since_ms = away ? engine_now_ms(index->engine) : 0;
    index->state.asked++;
    index->state.ask_us += ask_us;
    index->state.fold_us += fold_us;
    if (head)
        index->state.head = head;
    (void)pthread_mutex_unlock(&index->lock);
    if (away != was && index->say)
        index->say("database", away ? why : "answers again");
}

/* One round: the head, then the model is there. */
static enum rc look(struct read_index *index)
{
    struct log_head head = {.at_ms = 0};
    struct fault fault = {NULL, NULL};
    uint64_t began_us = monotonic_us(), known = engine_state(index->engine).turn;
    enum rc rc = log_head(index->log, &head, &fault);

    if (rc != RC_OK && monotonic_us() - began_us < 1000000)
        rc = log_head(index->log, &head, &fault); /* a connection was lost: not yet a server that is away */
    uint64_t asked_us = monotonic_us();
    if (rc == RC_OK && head.turn.number < known) /* what this node shows is not in the log any more */
        rc = fault_set(&fault, RC_BUSY, NULL, "the log went back");
    atomic_store(&index->vain_ms, rc != RC_OK ? (int64_t)(began_us / 1000) : 0);
    bool there = rc != RC_OK || others_wait_turn(index->engine, &head.turn, FOLD_MS);
    note(index, rc != RC_OK, rc != RC_OK ? fault_why(&fault) : NULL, head.turn.number, asked_us - began_us,
         monotonic_us() - asked_us);
    return there ? rc : RC_BUSY;
}

static void *read_index_main(void *arg)
{
    struct read_index *index = arg;

    (void)pthread_setname_np(pthread_self(), "read index"); /* for who looks at the threads */
    for (bool stopping = false; !stopping;) {
        struct read_waiter *waiters = take_all(index, &stopping);
        enum rc rc = stopping ? RC_BUSY : look(index);
        tell(waiters, rc);
    }
    return NULL;
}

enum rc read_index_new(struct engine *engine, void (*say)(const char *what, const char *why),
                       struct read_index **out_index, struct fault *fault)
{
    struct read_index *index = calloc(1, sizeof *index);

    if (!index)
        return fault_no_memory(fault);
    index->engine = engine;
    index->log = engine_log(engine);
    index->say = say;
    index->last = &index->first;
    (void)pthread_mutex_init(&index->lock, NULL); /* default attributes cannot fail */
    (void)pthread_cond_init(&index->work, NULL);  /* likewise */
    if (pthread_create(&index->thread, NULL, read_index_main, index) != 0) {
        free(index);
        return fault_set(fault, RC_BUSY, NULL, "cannot start a thread");
    }
    *out_index = index;
    return RC_OK;
}

void read_index_free(struct read_index *index)
{
    if (!index)
        return;
    (void)pthread_mutex_lock(&index->lock);
    index->stopping = true;
    (void)pthread_cond_signal(&index->work);
    (void)pthread_mutex_unlock(&index->lock);
    (void)pthread_join(index->thread, NULL);
    (void)pthread_mutex_destroy(&index->lock);
    (void)pthread_cond_destroy(&index->work);
    free(index);
}

bool read_index_is_away(const struct read_index *index)
{
    return atomic_load(&index->vain_ms) != 0;
}

bool read_index_is_lost(const struct read_index *index)
{
    int64_t vain_ms = atomic_load(&index->vain_ms);
    return vain_ms && engine_reached_ms(index->engine) < vain_ms;
}

struct read_index_state read_index_state(struct read_index *index)
{
    (void)pthread_mutex_lock(&index->lock);
    struct read_index_state state = index->state;
    (void)pthread_mutex_unlock(&index->lock);
    state.turn = engine_state(index->engine).turn;
    return state;
}
