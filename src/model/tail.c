#include "model/tail.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/list.h"
#include "core/limits.h"
#include "model/fold.h"

/* In order; the first in_checkpoint of each go with the checkpoint under way. */
struct event_refs {
    struct event_ref *at;
    uint32_t count, capacity, in_checkpoint;
};

struct mention_refs {
    struct mention_ref *at;
    uint32_t count, capacity, in_checkpoint;
};

struct tail {
    pthread_mutex_t lock;
    struct event_refs events;
    struct mention_refs mentions;
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
    list_done(&tail->events);
    list_done(&tail->mentions);
    free(tail);
}

/* ---- mentions ---- */

enum { SEED_PERSON, SEED_ITEM, SEED_COURSE, SEED_ACTS };

uint64_t mention_of_person(const char *id, size_t size)
{
    return XXH3_64bits_withSeed(id, size, SEED_PERSON);
}

uint64_t mention_of_item(uint32_t item)
{
    return XXH3_64bits_withSeed(&item, sizeof item, SEED_ITEM);
}

uint64_t mention_of_course(uint32_t course)
{
    return XXH3_64bits_withSeed(&course, sizeof course, SEED_COURSE);
}

uint64_t mention_of_acts(void)
{
    return XXH3_64bits_withSeed("", 0, SEED_ACTS);
}

static bool each_of_staff(const struct stored_event *stored, bool (*visit)(void *arg, uint64_t who),
                          void *arg)
{
    struct declaration declared;
    struct arena scratch;
    struct event event;
    bool whole = true;

    if (!stored_event_decode(stored, NULL, 0, &event))
        return true; /* verify names it */
    arena_init(&scratch);
    if (declaration_decode(event.body, event.body_size, &scratch, &declared))
        for (uint32_t i = 0; whole && i < declared.staff_count; i++)
            whole = visit(arg, mention_of_person(declared.staff[i].user.bytes, declared.staff[i].user.size));
    arena_done(&scratch);
    return whole;
}

bool mentions_each(const struct stored_event *event, bool (*visit)(void *arg, uint64_t who), void *arg)
{
    struct event_named named;

    if (!event_peek(event->body, event->body_size, &named))
        return true; /* verify names it */
    if (named.actor_size && !visit(arg, mention_of_person(named.actor, named.actor_size)))
        return false;
    if (event_is_act((enum event_kind)event->kind, named.face, named.actor_size > 0) &&
        !visit(arg, mention_of_acts()))
        return false;
    if (event->kind == EV_ITEM_OBSERVED)
        return visit(arg, mention_of_item(named.item));
    if (event->kind == EV_COURSE_OBSERVED)
        return visit(arg, mention_of_course(named.course));
    return event->kind != EV_COURSE_DECLARED || each_of_staff(event, visit, arg);
}

struct mentioning {
    struct tail *tail;
    uint64_t sequence;
};

/* Lock held. */
static bool add_mention(void *arg, uint64_t who)
{
    struct mentioning *mentioning = arg;

    if (!list_add(&mentioning->tail->mentions, (struct mention_ref){mentioning->sequence, who}))
        abort(); /* more than tail_reserve foresees: the next start reads the events again */
    return true;
}

bool tail_reserve(struct tail *tail, size_t count)
{
    (void)pthread_mutex_lock(&tail->lock); /* cannot fail: not held */
    bool made = list_reserve(&tail->events, count) && list_reserve(&tail->mentions, 3 * count + LIMIT_STAFF);
    (void)pthread_mutex_unlock(&tail->lock);
    return made;
}

void tail_add(struct tail *tail, const struct stored_event *events, size_t count)
{
    (void)pthread_mutex_lock(&tail->lock); /* cannot fail: not held */
    if (!list_reserve(&tail->events, count))
        abort(); /* a start or a rebuild, which reserve nothing: the next start reads the events again */
    for (size_t i = 0; i < count; i++) {
        struct mentioning mentioning = {tail, events[i].sequence};
        tail->events.at[tail->events.count++] = (struct event_ref){events[i].sequence, events[i].learner};
        (void)mentions_each(&events[i], add_mention, &mentioning); /* it aborts when out of memory */
    }
    (void)pthread_mutex_unlock(&tail->lock);
}

size_t tail_size(struct tail *tail)
{
    (void)pthread_mutex_lock(&tail->lock);
    size_t count = tail->events.count;
    (void)pthread_mutex_unlock(&tail->lock);
    return count;
}

void tail_begin_checkpoint(struct tail *tail)
{
    (void)pthread_mutex_lock(&tail->lock);
    tail->events.in_checkpoint = tail->events.count;
    tail->mentions.in_checkpoint = tail->mentions.count;
    (void)pthread_mutex_unlock(&tail->lock);
}

struct event_ref *tail_in_checkpoint(struct tail *tail, size_t *out_count)
{
    (void)pthread_mutex_lock(&tail->lock);
    struct event_ref *copy =
        tail->events.in_checkpoint ? malloc(tail->events.in_checkpoint * sizeof *copy) : NULL;
    if (copy)
        memcpy(copy, tail->events.at, tail->events.in_checkpoint * sizeof *copy);
    *out_count = tail->events.in_checkpoint;
    (void)pthread_mutex_unlock(&tail->lock);
    return copy;
}

struct mention_ref *tail_mentions_in_checkpoint(struct tail *tail, size_t *out_count)
{
    (void)pthread_mutex_lock(&tail->lock);
    struct mention_ref *copy =
        tail->mentions.in_checkpoint ? malloc(tail->mentions.in_checkpoint * sizeof *copy) : NULL;
    if (copy)
        memcpy(copy, tail->mentions.at, tail->mentions.in_checkpoint * sizeof *copy);
    *out_count = tail->mentions.in_checkpoint;
    (void)pthread_mutex_unlock(&tail->lock);
    return copy;
}

void tail_end_checkpoint(struct tail *tail, bool written)
{
    (void)pthread_mutex_lock(&tail->lock);
    if (written && tail->events.in_checkpoint) {
        tail->events.count -= tail->events.in_checkpoint;
        memmove(tail->events.at, tail->events.at + tail->events.in_checkpoint,
                tail->events.count * sizeof *tail->events.at);
    }
    if (written && tail->mentions.in_checkpoint) {
        tail->mentions.count -= tail->mentions.in_checkpoint;
        memmove(tail->mentions.at, tail->mentions.at + tail->mentions.in_checkpoint,
                tail->mentions.count * sizeof *tail->mentions.at);
    }
    tail->events.in_checkpoint = tail->mentions.in_checkpoint = 0;
    (void)pthread_mutex_unlock(&tail->lock);
}

enum rc tail_each(struct tail *tail, uint32_t learner,
                  enum rc (*visit)(void *arg, uint64_t sequence, struct fault *fault), void *arg,
                  struct fault *fault)
{
    enum rc rc = RC_OK;

    (void)pthread_mutex_lock(&tail->lock);
    for (size_t i = 0; rc == RC_OK && i < tail->events.count; i++)
        if (tail->events.at[i].learner == learner)
            rc = visit(arg, tail->events.at[i].sequence, fault);
    (void)pthread_mutex_unlock(&tail->lock);
    return rc;
}

struct mention_ref *tail_mentions(struct tail *tail, size_t *out_count)
{
    (void)pthread_mutex_lock(&tail->lock);
    struct mention_ref *copy = tail->mentions.count ? malloc(tail->mentions.count * sizeof *copy) : NULL;
    if (copy)
        memcpy(copy, tail->mentions.at, tail->mentions.count * sizeof *copy);
    *out_count = tail->mentions.count;
    (void)pthread_mutex_unlock(&tail->lock);
    return copy;
}

enum rc tail_each_mention(struct tail *tail, uint64_t who,
                          enum rc (*visit)(void *arg, uint64_t sequence, struct fault *fault), void *arg,
                          struct fault *fault)
{
    enum rc rc = RC_OK;

    (void)pthread_mutex_lock(&tail->lock);
    for (size_t i = 0; rc == RC_OK && i < tail->mentions.count; i++)
        if (tail->mentions.at[i].who == who)
            rc = visit(arg, tail->mentions.at[i].sequence, fault);
    (void)pthread_mutex_unlock(&tail->lock);
    return rc;
}

int tail_by_who(const void *a, const void *b)
{
    const struct mention_ref *left = a, *right = b;

    if (left->who != right->who)
        return left->who < right->who ? -1 : 1;
    return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
}

int tail_by_learner(const void *a, const void *b)
{
    const struct event_ref *left = a, *right = b;

    if (left->learner != right->learner)
        return left->learner < right->learner ? -1 : 1;
    return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
}
