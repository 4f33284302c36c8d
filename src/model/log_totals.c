#include "model/log_totals.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/monotonic.h"

enum { SETTLE_MS = 5000 };

struct log_totals {
    pthread_mutex_t lock;
    pthread_cond_t settled;
    struct log_total *slots; /* by learner: open addressing, a power of two; learner 0: free */
    size_t room, used;
};

/* Keys are ours, in a row: no client chooses them. */
static struct log_total *slot_of(struct log_total *slots, size_t room, uint32_t learner)
{
    size_t at = (size_t)(learner * UINT64_C(0x9e3779b97f4a7c15) >> 24) & (room - 1);

    while (slots[at].kept.learner && slots[at].kept.learner != learner)
        at = (at + 1) & (room - 1);
    return &slots[at];
}

static bool grow(struct log_totals *totals)
{
    size_t room = totals->room ? 2 * totals->room : 64;
    struct log_total *slots = calloc(room, sizeof *slots);

    if (!slots)
        return false;
    for (size_t i = 0; i < totals->room; i++)
        if (totals->slots[i].kept.learner)
            *slot_of(slots, room, totals->slots[i].kept.learner) = totals->slots[i];
    free(totals->slots);
    totals->slots = slots;
    totals->room = room;
    return true;
}

static bool put(struct log_totals *totals, const struct log_total *total)
{
    if (2 * (totals->used + 1) > totals->room && !grow(totals))
        return false;
    struct log_total *slot = slot_of(totals->slots, totals->room, total->kept.learner);
    totals->used += slot->kept.learner == 0;
    *slot = *total;
    return true;
}

static enum rc take_total(void *arg, const struct store_log_total *kept, struct fault *fault)
{
    const struct log_total total = {*kept, 0};
    return put(arg, &total) ? RC_OK : fault_no_memory(fault);
}

enum rc log_totals_new(struct store *store, struct log_totals **out_totals, struct fault *fault)
{
    struct log_totals *totals = calloc(1, sizeof *totals);

    if (!totals)
        return fault_no_memory(fault);
    (void)pthread_mutex_init(&totals->lock, NULL);   /* default attributes cannot fail */
    (void)pthread_cond_init(&totals->settled, NULL); /* likewise */
    enum rc rc = store_each_log_total(store, take_total, totals, fault);
    if (rc == RC_OK)
        *out_totals = totals;
    else
        log_totals_free(totals);
    return rc;
}

void log_totals_free(struct log_totals *totals)
{
    if (!totals)
        return;
    (void)pthread_cond_destroy(&totals->settled); /* nobody waits */
    (void)pthread_mutex_destroy(&totals->lock);   /* nobody holds it */
    free(totals->slots);
    free(totals);
}

struct log_total log_totals_of(struct log_totals *totals, uint32_t learner)
{
    struct log_total total = {.kept = {.learner = learner}};

    (void)pthread_mutex_lock(&totals->lock); /* cannot fail: not held */
    const struct log_total *slot =
        learner && totals->room ? slot_of(totals->slots, totals->room, learner) : NULL;
    if (slot && slot->kept.learner)
        total = *slot;
    (void)pthread_mutex_unlock(&totals->lock); /* held above */
    return total;
}

void log_totals_set(struct log_totals *totals, const struct log_total *total)
{
    (void)pthread_mutex_lock(&totals->lock); /* cannot fail: not held */
    if (!put(totals, total))
        abort();
    if (!total->kept.settling)
        (void)pthread_cond_broadcast(&totals->settled); /* cannot fail */
    (void)pthread_mutex_unlock(&totals->lock);          /* held above */
}

static bool is_settling(const struct log_totals *totals, uint32_t learner)
{
    return learner && totals->room && slot_of(totals->slots, totals->room, learner)->kept.settling;
}

bool log_totals_settled(struct log_totals *totals, uint32_t learner)
{
    int64_t until_ms = monotonic_ms() + SETTLE_MS, left_ms = SETTLE_MS;

    (void)pthread_mutex_lock(&totals->lock); /* cannot fail: not held */
    while (is_settling(totals, learner) && left_ms > 0) {
        /* looked at again either way */
        (void)monotonic_wait(&totals->settled, &totals->lock, (uint64_t)left_ms);
        left_ms = until_ms - monotonic_ms();
    }
    bool settled = !is_settling(totals, learner);
    (void)pthread_mutex_unlock(&totals->lock); /* held above */
    return settled;
}

void log_totals_each(struct log_totals *totals, bool (*visit)(void *arg, const struct log_total *total),
                     void *arg)
{
    for (size_t i = 0; i < totals->room; i++)
        if (totals->slots[i].kept.learner && !visit(arg, &totals->slots[i]))
            return;
}
