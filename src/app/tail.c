#include "app/tail.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct tail {
    pthread_mutex_t lock;
    struct event_ref *refs; /* in order; the first flushing of them go with the flush under way */
    size_t count, room, flushing;
};

enum rc tail_new(struct tail **out_tail)
{
    struct tail *tail = calloc(1, sizeof *tail);

    if (!tail)
        return RC_BUSY;
    (void)pthread_mutex_init(&tail->lock, NULL); /* default attributes cannot fail */
    *out_tail = tail;
    return RC_OK;
}

void tail_free(struct tail *tail)
{
    if (!tail)
        return;
    (void)pthread_mutex_destroy(&tail->lock); /* nobody holds it */
    free(tail->refs);
    free(tail);
}

/* Lock held. */
static bool make_room(struct tail *tail, size_t count)
{
    size_t room = tail->room ? tail->room : 1024;

    if (tail->count + count <= tail->room)
        return true;
    while (room < tail->count + count)
        room *= 2;
    struct event_ref *refs = realloc(tail->refs, room * sizeof *refs);
    if (!refs)
        return false;
    tail->refs = refs;
    tail->room = room;
    return true;
}

bool tail_reserve(struct tail *tail, size_t count)
{
    (void)pthread_mutex_lock(&tail->lock); /* cannot fail: not held */
    bool made = make_room(tail, count);
    (void)pthread_mutex_unlock(&tail->lock);
    return made;
}

void tail_add(struct tail *tail, const struct stored_event *events, size_t count)
{
    (void)pthread_mutex_lock(&tail->lock); /* cannot fail: not held */
    if (!make_room(tail, count))
        abort(); /* a start or a rebuild, which reserve nothing: the next start reads the events again */
    for (size_t i = 0; i < count; i++)
        tail->refs[tail->count++] = (struct event_ref){events[i].sequence, events[i].learner};
    (void)pthread_mutex_unlock(&tail->lock);
}

size_t tail_size(struct tail *tail)
{
    (void)pthread_mutex_lock(&tail->lock);
    size_t count = tail->count;
    (void)pthread_mutex_unlock(&tail->lock);
    return count;
}

void tail_begin_flush(struct tail *tail)
{
    (void)pthread_mutex_lock(&tail->lock);
    tail->flushing = tail->count;
    (void)pthread_mutex_unlock(&tail->lock);
}

struct event_ref *tail_flushing(struct tail *tail, size_t *out_count)
{
    (void)pthread_mutex_lock(&tail->lock);
    struct event_ref *copy = tail->flushing ? malloc(tail->flushing * sizeof *copy) : NULL;
    if (copy)
        memcpy(copy, tail->refs, tail->flushing * sizeof *copy);
    *out_count = tail->flushing;
    (void)pthread_mutex_unlock(&tail->lock);
    return copy;
}

void tail_end_flush(struct tail *tail, bool written)
{
    (void)pthread_mutex_lock(&tail->lock);
    if (written && tail->flushing) {
        tail->count -= tail->flushing;
        memmove(tail->refs, tail->refs + tail->flushing, tail->count * sizeof *tail->refs);
    }
    tail->flushing = 0;
    (void)pthread_mutex_unlock(&tail->lock);
}

bool tail_each(struct tail *tail, uint32_t learner, bool (*visit)(void *arg, uint64_t sequence), void *arg)
{
    bool whole = true;

    (void)pthread_mutex_lock(&tail->lock);
    for (size_t i = 0; whole && i < tail->count; i++)
        if (tail->refs[i].learner == learner)
            whole = visit(arg, tail->refs[i].sequence);
    (void)pthread_mutex_unlock(&tail->lock);
    return whole;
}

int tail_by_learner(const void *a, const void *b)
{
    const struct event_ref *left = a, *right = b;

    if (left->learner != right->learner)
        return left->learner < right->learner ? -1 : 1;
    return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
}
