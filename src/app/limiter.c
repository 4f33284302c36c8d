#include "app/limiter.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <xxhash.h>

#include "base/caller.h"

/* Places for 65,536 callers within one second; whoever asked nothing for that long needs none. */
enum { SETS = 8192, WAYS = 8, LOCKS = 64 };

struct place {
    char caller[CALLER_ID_BYTES];
    uint8_t size;
    bool taken;
    int64_t at_ms;
    int64_t left_thousandths; /* of a request, at at_ms */
};

struct limiter {
    int64_t per_second;
    uint64_t seed; /* so that nobody can choose ids that meet */
    pthread_mutex_t locks[LOCKS];
    struct place places[SETS * WAYS]; /* untouched pages cost nothing */
};

struct limiter *limiter_new(uint32_t per_second)
{
    struct limiter *limiter = calloc(1, sizeof *limiter);

    if (!limiter || getrandom(&limiter->seed, sizeof limiter->seed, 0) != (ssize_t)sizeof limiter->seed) {
        free(limiter);
        return NULL;
    }
    limiter->per_second = per_second;
    for (int i = 0; i < LOCKS; i++)
        (void)pthread_mutex_init(&limiter->locks[i], NULL); /* default attributes cannot fail */
    return limiter;
}

void limiter_free(struct limiter *limiter)
{
    for (int i = 0; limiter && i < LOCKS; i++)
        (void)pthread_mutex_destroy(&limiter->locks[i]); /* nobody holds it */
    free(limiter);
}

/* What a caller has left now. Full after a second at most: the burst is one second's requests. */
static int64_t left_now(const struct limiter *limiter, const struct place *place, int64_t now_ms)
{
    int64_t full = limiter->per_second * 1000;
    int64_t spent_ms = now_ms <= place->at_ms         ? 0
                       : now_ms - place->at_ms < 1000 ? now_ms - place->at_ms
                                                      : 1000;
    int64_t left = place->left_thousandths + spent_ms * limiter->per_second;

    return !place->taken || left > full ? full : left;
}

/* The caller's place, brought up to now. A new caller takes the place of who has most left, and no more than
 * that: a full one is as good as a new one, and however many callers share a set, together they get no more
 * than its places do. */
static struct place *place_of(struct limiter *limiter, struct place *set, const char *caller, uint8_t size,
                              int64_t now_ms)
{
    struct place *place = NULL, *fullest = set;

    for (int i = 0; i < WAYS && !place; i++) {
        if (set[i].taken && set[i].size == size && memcmp(set[i].caller, caller, size) == 0)
            place = &set[i];
        else if (left_now(limiter, &set[i], now_ms) > left_now(limiter, fullest, now_ms))
            fullest = &set[i];
    }
    if (!place)
        place = fullest;
    place->left_thousandths = left_now(limiter, place, now_ms);
    if (!place->taken || now_ms > place->at_ms)
        place->at_ms = now_ms;
    place->taken = true;
    place->size = size;
    memcpy(place->caller, caller, size);
    return place;
}

bool limiter_take(struct limiter *limiter, const char *caller, size_t size, int64_t now_ms)
{
    size_t kept = size < CALLER_ID_BYTES ? size : CALLER_ID_BYTES - 1; /* ids are shorter */
    size_t set = XXH3_64bits_withSeed(caller, kept, limiter->seed) % SETS;
    pthread_mutex_t *lock = &limiter->locks[set % LOCKS];

    (void)pthread_mutex_lock(lock);
    struct place *place = place_of(limiter, &limiter->places[set * WAYS], caller, (uint8_t)kept, now_ms);
    bool taken = place->left_thousandths >= 1000;
    if (taken)
        place->left_thousandths -= 1000;
    (void)pthread_mutex_unlock(lock);
    return taken;
}
