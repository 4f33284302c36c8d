#include "auth/token_cache.h"

#include <stdlib.h>
#include <string.h>

#include "auth/auth_private.h"

bool recall(const struct cached *set, pthread_mutex_t *lock, const uint8_t *digest, unsigned generation,
            struct caller *out, int64_t *out_not_before_ms)
{
    bool found = false;

    (void)pthread_mutex_lock(lock);
    for (int way = 0; way < CACHE_WAYS && !found; way++)
        if (set[way].caller && set[way].generation == generation &&
            memcmp(set[way].digest, digest, SHA256_DIGEST_LENGTH) == 0) {
            *out = *set[way].caller;
            *out_not_before_ms = set[way].not_before_ms;
            found = true;
        }
    (void)pthread_mutex_unlock(lock);
    return found;
}

void remember(struct cached *set, pthread_mutex_t *lock, const uint8_t *digest, unsigned generation,
              const struct caller *caller, int64_t not_before_ms)
{
    struct caller *copy = malloc(sizeof *copy);

    if (!copy)
        return; /* verified again next time */
    *copy = *caller;
    (void)pthread_mutex_lock(lock);
    int way = digest[4] % CACHE_WAYS; /* which goes when all are taken: as good as any */
    for (int i = 0; i < CACHE_WAYS; i++)
        if (!set[i].caller || set[i].generation != generation)
            way = i;
    free(set[way].caller);
    set[way].caller = copy;
    set[way].not_before_ms = not_before_ms;
    set[way].generation = generation;
    memcpy(set[way].digest, digest, SHA256_DIGEST_LENGTH);
    (void)pthread_mutex_unlock(lock);
}
