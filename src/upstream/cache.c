#include "upstream/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <xxhash.h>

#include "base/monotonic.h"

enum { SETS = 2048, WAYS = 4, PLACES = SETS * WAYS };

struct place {
    char *key, *text; /* key NULL: free; text NULL: known to be unknown */
    int64_t number, until_ms;
};

struct cache {
    pthread_mutex_t lock;
    int64_t ttl_ms;
    uint64_t seed; /* so that nobody can choose keys that meet */
    struct place places[PLACES];
};

struct cache *cache_new(int64_t ttl_ms)
{
    struct cache *cache = calloc(1, sizeof *cache);

    if (!cache)
        return NULL;
    (void)pthread_mutex_init(&cache->lock, NULL); /* default attributes cannot fail */
    cache->ttl_ms = ttl_ms;
    if (getrandom(&cache->seed, sizeof cache->seed, GRND_NONBLOCK) < 0)
        cache->seed = monotonic_us();
    return cache;
}

static void clear(struct place *place)
{
    free(place->key);
    free(place->text);
    *place = (struct place){NULL, NULL, 0, 0};
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    for (int i = 0; i < PLACES; i++)
        clear(&cache->places[i]);
    (void)pthread_mutex_destroy(&cache->lock); /* nobody holds it */
    free(cache);
}

static struct place *set_of(struct cache *cache, const char *key)
{
    return &cache->places[XXH3_64bits_withSeed(key, strlen(key), cache->seed) % SETS * WAYS];
}

/* The key's place; NULL: none. */
static struct place *place_of(struct cache *cache, const char *key)
{
    struct place *set = set_of(cache, key);

    for (int i = 0; i < WAYS; i++)
        if (set[i].key && strcmp(set[i].key, key) == 0)
            return &set[i];
    return NULL;
}

bool cache_get(struct cache *cache, const char *key, char *out, size_t room, bool *out_known,
               int64_t *out_number)
{
    int64_t now_ms = monotonic_ms();

    (void)pthread_mutex_lock(&cache->lock);
    const struct place *place = place_of(cache, key);
    bool hit = place && now_ms < place->until_ms;
    if (hit) {
        size_t size = place->text ? strnlen(place->text, room - 1) : 0;
        if (size)
            memcpy(out, place->text, size);
        out[size] = '\0';
        *out_known = place->text != NULL;
        *out_number = place->number;
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return hit;
}

void cache_put(struct cache *cache, const char *key, const char *text, int64_t number)
{
    int64_t until_ms = monotonic_ms() + cache->ttl_ms;

    (void)pthread_mutex_lock(&cache->lock);
    struct place *place = place_of(cache, key);
    if (!place) {
        place = set_of(cache, key);
        for (struct place *other = place + 1, *end = place + WAYS; place->key && other < end; other++)
            if (!other->key || other->until_ms < place->until_ms)
                place = other;
    }
    clear(place);
    *place = (struct place){strdup(key), text ? strdup(text) : NULL, number, until_ms};
    if (text && !place->text)
        clear(place); /* out of memory: asked again next time, and not known to be unknown */
    (void)pthread_mutex_unlock(&cache->lock);
}

void cache_drop(struct cache *cache, const char *key)
{
    (void)pthread_mutex_lock(&cache->lock);
    struct place *place = place_of(cache, key);
    if (place)
        clear(place);
    (void)pthread_mutex_unlock(&cache->lock);
}
