#include "auth/token_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 8192, WAYS = 4, LOCKS = 64 };

struct entry {
    uint8_t digest[TOKEN_DIGEST_BYTES];
    struct claims *claims; /* NULL: free */
    unsigned generation;   /* of the keys that verified it; good under no other */
};

/* A digest belongs into one set, and may lie anywhere in that. */
struct token_cache {
    pthread_mutex_t locks[LOCKS]; /* set i is guarded by lock i % LOCKS */
    struct entry sets[SETS][WAYS];
};

struct token_cache *token_cache_new(void)
{
    struct token_cache *cache = calloc(1, sizeof *cache);

    for (int i = 0; cache && i < LOCKS; i++)
        (void)pthread_mutex_init(&cache->locks[i], NULL); /* default attributes cannot fail */
    return cache;
}

void token_cache_free(struct token_cache *cache)
{
    if (!cache)
        return;
    for (int set = 0; set < SETS; set++)
        for (int way = 0; way < WAYS; way++)
            free(cache->sets[set][way].claims);
    for (int i = 0; i < LOCKS; i++)
        (void)pthread_mutex_destroy(&cache->locks[i]); /* nobody holds it */
    free(cache);
}

static unsigned set_of(const uint8_t *digest)
{
    return ((unsigned)digest[0] | (unsigned)digest[1] << 8) % SETS;
}

bool token_cache_get(struct token_cache *cache, const uint8_t digest[TOKEN_DIGEST_BYTES], unsigned generation,
                     struct claims *out_claims)
{
    unsigned at = set_of(digest);
    const struct entry *set = cache->sets[at];
    bool found = false;

    (void)pthread_mutex_lock(&cache->locks[at % LOCKS]);
    for (int way = 0; way < WAYS && !found; way++)
        if (set[way].claims && set[way].generation == generation &&
            memcmp(set[way].digest, digest, TOKEN_DIGEST_BYTES) == 0) {
            *out_claims = *set[way].claims;
            found = true;
        }
    (void)pthread_mutex_unlock(&cache->locks[at % LOCKS]);
    return found;
}

void token_cache_put(struct token_cache *cache, const uint8_t digest[TOKEN_DIGEST_BYTES], unsigned generation,
                     const struct claims *claims)
{
    unsigned at = set_of(digest);
    struct entry *set = cache->sets[at];
    struct claims *copy = malloc(sizeof *copy);

    if (!copy)
        return;
    *copy = *claims;
    (void)pthread_mutex_lock(&cache->locks[at % LOCKS]);
    int way = digest[4] % WAYS; /* which goes when all are taken: as good as any */
    for (int i = 0; i < WAYS; i++)
        if (!set[i].claims || set[i].generation != generation)
            way = i;
    free(set[way].claims);
    set[way].claims = copy;
    set[way].generation = generation;
    memcpy(set[way].digest, digest, TOKEN_DIGEST_BYTES);
    (void)pthread_mutex_unlock(&cache->locks[at % LOCKS]);
}
