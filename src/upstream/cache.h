#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Upstream answers by key, for a while by the clock that never jumps; bounded: of keys that meet the oldest
 * goes. Thread-safe. What a value means is its user's: a NULL text is an answer too ("they do not know it").
 */
struct cache;

/* A cache whose answers hold for ttl_ms. NULL: out of memory. */
struct cache *cache_new(int64_t ttl_ms);

/* NULL is fine. Nobody may use it any more. */
void cache_free(struct cache *cache);

/* A hit copies at most room - 1 bytes of the text and ends it with a NUL; *out_known says whether there was
 * one. */
bool cache_get(struct cache *cache, const char *key, char *out, size_t room, bool *out_known,
               int64_t *out_number);

/* Keeps an answer under a key for the cache's time, in place of what was there; text may be NULL. Copies
 * both; out of memory: it is not kept. */
void cache_put(struct cache *cache, const char *key, const char *text, int64_t number);

/* Forgets what is kept under a key. */
void cache_drop(struct cache *cache, const char *key);
