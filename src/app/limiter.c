#include "app/limiter.h"

#include <pthread.h>
#include <stdlib.h>

#include <xxhash.h>

enum { PLACES = 65536, LOCKS = 64 };

struct place {
    uint64_t caller; /* hash */
    int64_t at_ms;
    int64_t left_thousandths; /* of a request */
};

struct limiter {
    int64_t per_second;
    struct place places[PLACES];
    pthread_mutex_t locks[LOCKS];
};

struct limiter *limiter_new(uint32_t per_second)
{
    struct limiter *limiter = calloc(1, sizeof *limiter);

    if (!limiter)
        return NULL;
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

bool limiter_take(struct limiter *limiter, const char *caller, size_t size, int64_t now_ms)
{
    uint64_t hash = XXH3_64bits(caller, size) | 1;
    struct place *place = &limiter->places[hash >> 16 & (PLACES - 1)];
    pthread_mutex_t *lock = &limiter->locks[hash >> 16 & (LOCKS - 1)];
    int64_t full = limiter->per_second * 1000;

    (void)pthread_mutex_lock(lock);
    if (place->caller != hash) {
        *place = (struct place){hash, now_ms, full};
    } else if (now_ms > place->at_ms) {
        int64_t spent_ms = now_ms - place->at_ms < 1000 ? now_ms - place->at_ms : 1000;
        place->left_thousandths += spent_ms * limiter->per_second;
        if (place->left_thousandths > full)
            place->left_thousandths = full;
        place->at_ms = now_ms;
    }
    bool taken = place->left_thousandths >= 1000;
    if (taken)
        place->left_thousandths -= 1000;
    (void)pthread_mutex_unlock(lock);
    return taken;
}
