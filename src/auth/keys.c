#include "auth/keys.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <jose/b64.h>
#include <jose/jws.h>
#include <jose/openssl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

enum {
    SECRET_MIN_BYTES = 32, /* RFC 7518 3.2 */
    SET_KEYS_MAX = 62,
    KEYS_MAX = SET_KEYS_MAX + 2, /* and the secret, and the public key */
    DIGEST_BYTES = 32,           /* of SHA-256 */
};

/* Where a key came from: what comes the same way later takes its place. */
enum origin { FROM_SECRET, FROM_PUBLIC_KEY, FROM_SET };

struct key {
    json_t *jwk;
    const char *algorithm; /* the only one that this key verifies */
    enum origin origin;
};

struct keys {
    EVP_MD *sha256;        /* looked up once: that takes longer than hashing a key */
    pthread_rwlock_t lock; /* guards what follows */
    struct key keys[KEYS_MAX];
    int count;
    uint8_t server_key[DIGEST_BYTES]; /* its digest: comparing says nothing, not even about its length */
    bool has_server_key;
    atomic_uint generation; /* raised, lock held, whenever a key goes or comes; read without it too */
};

/* A writer comes before new readers: a flood of tokens must not keep a key alive. */
static void init_lock(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t writers_first;

    (void)pthread_rwlockattr_init(&writers_first); /* on Linux none of these can fail */
    (void)pthread_rwlockattr_setkind_np(&writers_first, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(lock, &writers_first);
    (void)pthread_rwlockattr_destroy(&writers_first);
}

enum rc keys_new(struct keys **out_keys, struct fault *fault)
{
    struct keys *keys = calloc(1, sizeof *keys);

    if (!keys || !(keys->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL))) {
        free(keys);
        return fault_no_memory(fault);
    }
    init_lock(&keys->lock);
    *out_keys = keys;
    return RC_OK;
}

void keys_free(struct keys *keys)
{
    if (!keys)
        return;
    for (int i = 0; i < keys->count; i++)
        json_decref(keys->keys[i].jwk);
    EVP_MD_free(keys->sha256);
    (void)pthread_rwlock_destroy(&keys->lock); /* nobody holds it */
    free(keys);
}

json_t *keys_secret_jwk(const char *secret, size_t size)
{
    json_t *k = jose_b64_enc(secret, size);
    return k ? json_pack("{s:s,s:s,s:o}", "kty", "oct", "alg", "HS256", "k", k) : NULL;
}

/* The algorithm that a public key is for; NULL: not to be used. */
static const char *algorithm_of(EVP_PKEY *pkey)
{
    char curve[64];

    if (pkey && EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA && EVP_PKEY_get_bits(pkey) >= RSA_MIN_BITS)
        return "RS256";
    if (pkey && EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC &&
        EVP_PKEY_get_group_name(pkey, curve, sizeof curve, NULL) == 1 && strcmp(curve, "prime256v1") == 0)
        return "ES256";
    return NULL;
}

/* Whether the keys that came the same way are these already. Lock held. */
static bool has_keys(const struct keys *keys, const struct key *news, int count, enum origin origin)
{
    int same = 0;

    for (int i = 0; i < keys->count; i++)
        if (keys->keys[i].origin == origin &&
            (same == count || !json_equal(keys->keys[i].jwk, news[same++].jwk)))
            return false;
    return same == count;
}

/* Puts keys (the set's from now on) in the place of those that came the same way. A token that an old key
 * verified is good no more, also one that is being verified right now: reliability A130. */
static void swap_keys(struct keys *keys, const struct key *news, int count, enum origin origin)
{
    int kept = 0;

    (void)pthread_rwlock_wrlock(&keys->lock);
    if (!has_keys(keys, news, count, origin))
        atomic_fetch_add(&keys->generation, 1);
    for (int i = 0; i < keys->count; i++)
        if (keys->keys[i].origin == origin)
            json_decref(keys->keys[i].jwk);
        else
            keys->keys[kept++] = keys->keys[i];
    for (int i = 0; i < count; i++)
        keys->keys[kept++] = news[i]; /* KEYS_MAX is one secret, one public key and SET_KEYS_MAX */
    keys->count = kept;
    (void)pthread_rwlock_unlock(&keys->lock);
}

enum rc keys_set_secret(struct keys *keys, const char *secret, size_t size, struct fault *fault)
{
    if (size < SECRET_MIN_BYTES)
        return fault_set(fault, RC_INVALID, "jwt_secret_file", "an HS256 secret has at least 32 bytes");
    struct key key = {keys_secret_jwk(secret, size), "HS256", FROM_SECRET};
    if (!key.jwk)
        return fault_set(fault, RC_BUSY, "jwt_secret_file", "out of memory");
    swap_keys(keys, &key, 1, FROM_SECRET);
    return RC_OK;
}

enum rc keys_set_public_key(struct keys *keys, const char *pem, size_t size, struct fault *fault)
{
    BIO *bio = size && size < INT_MAX ? BIO_new_mem_buf(pem, (int)size) : NULL;
    EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    const char *algorithm = algorithm_of(pkey);
    json_t *jwk = algorithm ? jose_openssl_jwk_from_EVP_PKEY(NULL, pkey) : NULL;

    EVP_PKEY_free(pkey);
    BIO_free(bio);
    if (!jwk || json_object_set_new(jwk, "alg", json_string(algorithm)) != 0) {
        json_decref(jwk);
        return fault_set(fault, RC_INVALID, "jwt_public_key_file",
                         "it must hold a PEM public key: RSA of 2048 bits or more, or EC P-256");
    }
    swap_keys(keys, &(struct key){jwk, algorithm, FROM_PUBLIC_KEY}, 1, FROM_PUBLIC_KEY);
    return RC_OK;
}

enum rc keys_set_server_key(struct keys *keys, const char *key, size_t size, struct fault *fault)
{
    uint8_t digest[DIGEST_BYTES];

    if (EVP_Digest(key, size, digest, NULL, keys->sha256, NULL) != 1)
        return fault_set(fault, RC_BUSY, "server_key_file", "out of memory");
    (void)pthread_rwlock_wrlock(&keys->lock);
    memcpy(keys->server_key, digest, sizeof digest);
    keys->has_server_key = true;
    (void)pthread_rwlock_unlock(&keys->lock);
    return RC_OK;
}

enum rc keys_check_server_key(struct keys *keys, const char *given, size_t size, struct fault *fault)
{
    uint8_t digest[DIGEST_BYTES];

    if (EVP_Digest(given, size, digest, NULL, keys->sha256, NULL) != 1)
        return fault_no_memory(fault);
    (void)pthread_rwlock_rdlock(&keys->lock);
    bool fits = keys->has_server_key && CRYPTO_memcmp(digest, keys->server_key, sizeof digest) == 0;
    (void)pthread_rwlock_unlock(&keys->lock);
    return fits ? RC_OK : fault_set(fault, RC_UNAUTHENTICATED, NULL, "a valid X-Server-Key is required");
}

static bool lists(json_t *array, const char *word)
{
    size_t at;
    json_t *each;

    json_array_foreach(array, at, each) if (json_is_string(each) &&
                                            strcmp(json_string_value(each), word) == 0) return true;
    return false;
}

/* A JWK of a set that may verify signatures, alone with its algorithm; its own reference. */
static bool usable_jwk(json_t *jwk, struct key *out)
{
    const char *use = json_string_value(json_object_get(jwk, "use"));
    json_t *operations = json_object_get(jwk, "key_ops"); /* RFC 7517 4.3 */
    const char *says = json_string_value(json_object_get(jwk, "alg"));
    const char *type = json_string_value(json_object_get(jwk, "kty"));

    if (!type || (strcmp(type, "RSA") != 0 && strcmp(type, "EC") != 0) || (use && strcmp(use, "sig") != 0) ||
        (operations && !lists(operations, "verify")))
        return false;
    EVP_PKEY *pkey = jose_openssl_jwk_to_EVP_PKEY(NULL, jwk);
    const char *algorithm = algorithm_of(pkey);
    EVP_PKEY_free(pkey);
    if (!algorithm || (says && strcmp(says, algorithm) != 0))
        return false;
    json_t *copy = json_deep_copy(jwk);
    if (!copy || json_object_set_new(copy, "alg", json_string(algorithm)) != 0) {
        json_decref(copy);
        return false;
    }
    /* jose would refuse a set that lists other uses too; absent is fine */
    (void)json_object_del(copy, "key_ops");
    *out = (struct key){copy, algorithm, FROM_SET};
    return true;
}

enum rc keys_set_jwks(struct keys *keys, const char *bytes, size_t size, int *out_count, struct fault *fault)
{
    json_auto_t *root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    json_t *list = json_object_get(root, "keys"), *entry;
    struct key found[SET_KEYS_MAX];
    int count = 0;
    size_t index;

    if (!json_is_array(list))
        return fault_set(fault, RC_INVALID, "jwks_url", "the answer is no JWK set");
    json_array_foreach(list, index, entry) if (count < SET_KEYS_MAX && usable_jwk(entry, &found[count]))
        count++;
    if (count == 0) /* an identity provider that starts, or a wrong address, locks nobody out */
        return fault_set(fault, RC_INVALID, "jwks_url",
                         "the JWK set holds no key for RS256 or ES256 signatures");
    swap_keys(keys, found, count, FROM_SET);
    *out_count = count;
    return RC_OK;
}

/* A key of the set must have the token's kid, when both name one; a file's key has none. */
static bool key_fits(const struct key *key, const char *algorithm, const char *kid)
{
    const char *own = json_string_value(json_object_get(key->jwk, "kid"));

    if (strcmp(key->algorithm, algorithm) != 0)
        return false;
    return key->origin != FROM_SET || !kid || !own || strcmp(own, kid) == 0;
}

bool keys_verify(struct keys *keys, const json_t *jws, const char *algorithm, const char *kid,
                 unsigned *out_generation)
{
    bool verified = false;

    (void)pthread_rwlock_rdlock(&keys->lock);
    *out_generation = atomic_load_explicit(&keys->generation, memory_order_relaxed);
    for (int i = 0; i < keys->count && !verified; i++)
        verified = key_fits(&keys->keys[i], algorithm, kid) &&
                   jose_jws_ver(NULL, jws, NULL, keys->keys[i].jwk, false);
    (void)pthread_rwlock_unlock(&keys->lock);
    return verified;
}

unsigned keys_generation(const struct keys *keys)
{
    return atomic_load(&keys->generation);
}
