#include "http/bodies.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Whoever is in the table holds more than BODY_FREE_BYTES, so it is never more than half full. */
enum { SLOTS = 2 * BODIES_MAX_BYTES / BODY_FREE_BYTES };

struct slot {
    uint64_t caller;
    size_t bytes; /* 0: free */
};

struct bodies {
    atomic_size_t total; /* written under the lock */
    pthread_mutex_t lock;
    struct slot slots[SLOTS]; /* open addressing; untouched pages cost nothing */
};

enum rc bodies_new(struct bodies **out_bodies)
{
    struct bodies *bodies = calloc(1, sizeof *bodies);

    if (!bodies)
        return RC_BUSY;
    (void)pthread_mutex_init(&bodies->lock, NULL); /* default attributes cannot fail */
    *out_bodies = bodies;
    return RC_OK;
}

void bodies_free(struct bodies *bodies)
{
    if (!bodies)
        return;
    (void)pthread_mutex_destroy(&bodies->lock); /* nobody holds it */
    free(bodies);
}

/* The caller's slot, or the free one that would be theirs. */
static struct slot *slot_of(struct bodies *bodies, uint64_t caller)
{
    size_t at = caller % SLOTS;

    while (bodies->slots[at].bytes && bodies->slots[at].caller != caller)
        at = (at + 1) % SLOTS;
    return &bodies->slots[at];
}

/* A slot became free: those behind it that had to step aside move up. */
static void close_gap(struct bodies *bodies, size_t gap)
{
    for (size_t at = (gap + 1) % SLOTS; bodies->slots[at].bytes; at = (at + 1) % SLOTS) {
        size_t home = bodies->slots[at].caller % SLOTS;
        if ((at + SLOTS - home) % SLOTS < (at + SLOTS - gap) % SLOTS)
            continue; /* its home lies behind the gap */
        bodies->slots[gap] = bodies->slots[at];
        bodies->slots[at].bytes = 0;
        gap = at;
    }
}

bool bodies_take(struct bodies *bodies, uint64_t caller, size_t bytes)
{
    (void)pthread_mutex_lock(&bodies->lock);
    size_t total = atomic_load_explicit(&bodies->total, memory_order_relaxed);
    struct slot *slot = caller ? slot_of(bodies, caller) : NULL;
    bool fits =
        bytes <= BODIES_MAX_BYTES - total && (!slot || bytes <= BODIES_CALLER_MAX_BYTES - slot->bytes);
    if (fits) {
        atomic_store_explicit(&bodies->total, total + bytes, memory_order_relaxed);
        if (slot) {
            slot->caller = caller;
            slot->bytes += bytes;
        }
    }
    (void)pthread_mutex_unlock(&bodies->lock);
    return fits;
}

void bodies_give(struct bodies *bodies, uint64_t caller, size_t bytes)
{
    (void)pthread_mutex_lock(&bodies->lock);
    size_t total = atomic_load_explicit(&bodies->total, memory_order_relaxed);
    struct slot *slot = caller ? slot_of(bodies, caller) : NULL;
    assert(bytes <= total && (!slot || bytes <= slot->bytes));
    atomic_store_explicit(&bodies->total, total - bytes, memory_order_relaxed);
    if (slot && (slot->bytes -= bytes) == 0)
        close_gap(bodies, (size_t)(slot - bodies->slots));
    (void)pthread_mutex_unlock(&bodies->lock);
}

size_t bodies_held(const struct bodies *bodies)
{
    return atomic_load_explicit(&bodies->total, memory_order_relaxed);
}

bool bodies_full(const struct bodies *bodies)
{
    return atomic_load_explicit(&bodies->total, memory_order_relaxed) >
           BODIES_MAX_BYTES - 2 * BODY_FREE_BYTES;
}
