#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "auth/token.h"

enum {
    RSA_MIN_BITS = 2048, /* RFC 7518 3.3 */
    CACHE_SETS = 8192,
    CACHE_WAYS = 4,
    CACHE_LOCKS = 64,
    SET_KEYS_MAX = 62,
    KEYS_MAX = SET_KEYS_MAX + 2,
};

/* Where a key came from: what comes the same way later takes its place. */
enum origin { FROM_SECRET, FROM_PUBLIC_KEY, FROM_SET };

struct key {
    json_t *jwk;
    const char *algorithm; /* the only one that this key verifies */
    enum origin origin;
};

struct cached {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    struct caller *caller; /* NULL: free */
    int64_t not_before_ms;
    unsigned generation; /* of the keys that verified it; good under no other */
};

struct auth {
    pthread_rwlock_t keys_lock; /* guards what follows, down to the server key */
    struct key keys[KEYS_MAX];
    int key_count;
    /* its digest: comparing says nothing, not even about its length */
    uint8_t server_key[SHA256_DIGEST_LENGTH];
    bool has_server_key;
    atomic_uint generation; /* raised, lock held, whenever a key goes or comes */
    bool uses_jwks;
    char *issuer, *audience, *role_claim, *system_clients;
    EVP_MD *sha256; /* looked up once: that takes longer than hashing a token */
    struct cached *cache;
    pthread_mutex_t locks[CACHE_LOCKS];
};
