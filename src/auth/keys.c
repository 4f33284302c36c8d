#include "auth/keys.h"

#include <limits.h>
#include <string.h>

#include <jose/b64.h>
#include <jose/jws.h>
#include <jose/openssl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>

#include "auth/auth_private.h"

enum { SECRET_MIN_BYTES = 32 /* RFC 7518 3.2 */ };

json_t *secret_jwk(const char *secret, size_t size)
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
static bool has_keys(const struct auth *auth, const struct key *keys, int count, enum origin origin)
{
    int same = 0;

    for (int i = 0; i < auth->key_count; i++)
        if (auth->keys[i].origin == origin &&
            (same == count || !json_equal(auth->keys[i].jwk, keys[same++].jwk)))
            return false;
    return same == count;
}

/* Puts keys (the auth's from now on) in the place of those that came the same way. A token that an old key
 * verified is good no more, also one that is being verified right now: reliability A130. */
static void swap_keys(struct auth *auth, const struct key *keys, int count, enum origin origin)
{
    int kept = 0;

    (void)pthread_rwlock_wrlock(&auth->keys_lock);
    if (!has_keys(auth, keys, count, origin))
        atomic_fetch_add(&auth->generation, 1);
    for (int i = 0; i < auth->key_count; i++)
        if (auth->keys[i].origin == origin)
            json_decref(auth->keys[i].jwk);
        else
            auth->keys[kept++] = auth->keys[i];
    for (int i = 0; i < count; i++)
        auth->keys[kept++] = keys[i]; /* KEYS_MAX is one secret, one public key and SET_KEYS_MAX */
    auth->key_count = kept;
    (void)pthread_rwlock_unlock(&auth->keys_lock);
}

enum rc auth_set_secret(struct auth *auth, const char *secret, size_t size, struct fault *fault)
{
    if (size < SECRET_MIN_BYTES)
        return fault_set(fault, RC_INVALID, "jwt_secret_file", "an HS256 secret has at least 32 bytes");
    struct key key = {secret_jwk(secret, size), "HS256", FROM_SECRET};
    if (!key.jwk)
        return fault_set(fault, RC_BUSY, "jwt_secret_file", "out of memory");
    swap_keys(auth, &key, 1, FROM_SECRET);
    return RC_OK;
}

enum rc auth_set_public_key(struct auth *auth, const char *pem, size_t size, struct fault *fault)
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
    swap_keys(auth, &(struct key){jwk, algorithm, FROM_PUBLIC_KEY}, 1, FROM_PUBLIC_KEY);
    return RC_OK;
}

enum rc auth_set_server_key(struct auth *auth, const char *key, size_t size, struct fault *fault)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];

    if (EVP_Digest(key, size, digest, NULL, auth->sha256, NULL) != 1)
        return fault_set(fault, RC_BUSY, "server_key_file", "out of memory");
    (void)pthread_rwlock_wrlock(&auth->keys_lock);
    memcpy(auth->server_key, digest, sizeof digest);
    auth->has_server_key = true;
    (void)pthread_rwlock_unlock(&auth->keys_lock);
    return RC_OK;
}

bool auth_server_key_fits(struct auth *auth, const char *given, size_t size)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];

    if (EVP_Digest(given, size, digest, NULL, auth->sha256, NULL) != 1)
        return false;
    (void)pthread_rwlock_rdlock(&auth->keys_lock);
    bool fits = auth->has_server_key && CRYPTO_memcmp(digest, auth->server_key, sizeof digest) == 0;
    (void)pthread_rwlock_unlock(&auth->keys_lock);
    return fits;
}

/* A JWK of a set that may verify signatures, alone with its algorithm; its own reference. */
static bool usable_jwk(json_t *jwk, struct key *out)
{
    const char *use = json_string_value(json_object_get(jwk, "use"));
    const char *says = json_string_value(json_object_get(jwk, "alg"));
    const char *type = json_string_value(json_object_get(jwk, "kty"));

    if (!type || (strcmp(type, "RSA") != 0 && strcmp(type, "EC") != 0) || (use && strcmp(use, "sig") != 0))
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

enum rc auth_set_jwks(struct auth *auth, const char *bytes, size_t size, int *out_count, struct fault *fault)
{
    json_auto_t *root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    json_t *list = json_object_get(root, "keys"), *entry;
    struct key keys[SET_KEYS_MAX];
    int count = 0;
    size_t index;

    if (!json_is_array(list))
        return fault_set(fault, RC_INVALID, "jwks_url", "the answer is no JWK set");
    json_array_foreach(list, index, entry) if (count < SET_KEYS_MAX && usable_jwk(entry, &keys[count]))
        count++;
    if (count == 0) /* an identity provider that starts, or a wrong address, locks nobody out */
        return fault_set(fault, RC_INVALID, "jwks_url",
                         "the JWK set holds no key for RS256 or ES256 signatures");
    swap_keys(auth, keys, count, FROM_SET);
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

/* *out_generation: of the keys that were asked. */
bool any_key_verifies(struct auth *auth, const json_t *jws, const char *algorithm, const char *kid,
                      unsigned *out_generation)
{
    bool verified = false;

    (void)pthread_rwlock_rdlock(&auth->keys_lock);
    *out_generation = atomic_load_explicit(&auth->generation, memory_order_relaxed);
    for (int i = 0; i < auth->key_count && !verified; i++)
        verified = key_fits(&auth->keys[i], algorithm, kid) &&
                   jose_jws_ver(NULL, jws, NULL, auth->keys[i].jwk, false);
    (void)pthread_rwlock_unlock(&auth->keys_lock);
    return verified;
}
