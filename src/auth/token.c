#include "auth/token.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>
#include <jose/b64.h>
#include <jose/jws.h>
#include <jose/openssl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "base/digits.h"
#include "base/ident.h"

enum {
    TOKEN_MAX_BYTES = 16384,
    SECRET_MIN_BYTES = 32, /* RFC 7518 3.2 */
    RSA_MIN_BITS = 2048,   /* RFC 7518 3.3 */
    LEEWAY_S = 60,
    CACHE_SETS = 8192,
    CACHE_WAYS = 4,
    CACHE_LOCKS = 64,
    SET_KEYS_MAX = 62,
    KEYS_MAX = SET_KEYS_MAX + 2,
    CLAIM_NAME_MAX = 256,
};

#define EXP_MAX_S INT64_C(9007199254740)

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

static enum rc refuse(struct fault *fault, const char *why)
{
    return fault_set(fault, RC_UNAUTHENTICATED, NULL, why);
}

/* ---- keys ---- */

static json_t *secret_jwk(const char *secret, size_t size)
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

static char *copy_setting(const char *text)
{
    return text && *text ? strdup(text) : NULL;
}

/* A writer comes before new readers: a flood of tokens must not keep a key alive. */
static void init_locks(struct auth *auth)
{
    pthread_rwlockattr_t writers_first;

    (void)pthread_rwlockattr_init(&writers_first); /* on Linux none of these can fail */
    (void)pthread_rwlockattr_setkind_np(&writers_first, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(&auth->keys_lock, &writers_first);
    (void)pthread_rwlockattr_destroy(&writers_first);
    for (int i = 0; i < CACHE_LOCKS; i++)
        (void)pthread_mutex_init(&auth->locks[i], NULL); /* default attributes cannot fail */
}

enum rc auth_new(const struct auth_settings *settings, struct auth **out_auth, struct fault *fault)
{
    struct auth *auth = calloc(1, sizeof *auth);
    enum rc rc = RC_OK;

    if (!auth)
        return fault_no_memory(fault);
    init_locks(auth);
    auth->uses_jwks = settings->uses_jwks;
    auth->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    auth->cache = calloc((size_t)CACHE_SETS * CACHE_WAYS, sizeof *auth->cache);
    auth->issuer = copy_setting(settings->issuer);
    auth->audience = copy_setting(settings->audience);
    auth->role_claim = copy_setting(settings->role_claim);
    auth->system_clients = copy_setting(settings->system_clients);
    if (!auth->cache || !auth->sha256)
        rc = fault_no_memory(fault);
    if (rc == RC_OK && settings->public_key_pem)
        rc = auth_set_public_key(auth, settings->public_key_pem, strlen(settings->public_key_pem), fault);
    if (rc == RC_OK && settings->secret)
        rc = auth_set_secret(auth, settings->secret, settings->secret_size, fault);
    if (rc != RC_OK) {
        auth_free(auth);
        return rc;
    }
    *out_auth = auth;
    return RC_OK;
}

void auth_free(struct auth *auth)
{
    if (!auth)
        return;
    for (int i = 0; i < auth->key_count; i++)
        json_decref(auth->keys[i].jwk);
    for (size_t i = 0; auth->cache && i < (size_t)CACHE_SETS * CACHE_WAYS; i++)
        free(auth->cache[i].caller);
    free(auth->cache);
    EVP_MD_free(auth->sha256);
    free(auth->issuer);
    free(auth->audience);
    free(auth->role_claim);
    free(auth->system_clients);
    for (int i = 0; i < CACHE_LOCKS; i++)
        (void)pthread_mutex_destroy(&auth->locks[i]); /* nobody holds it */
    (void)pthread_rwlock_destroy(&auth->keys_lock);
    free(auth);
}

/* ---- the parts of a token ---- */

/* RFC 7515 2: base64url without padding; trailing bits must be zero, so that one value has one text. */
static bool strict_base64url(const char *text, size_t size)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    if (size % 4 == 1)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!text[i] || !strchr(alphabet, text[i]))
            return false;
    if (size % 4 == 0)
        return true;
    unsigned last = (unsigned)(strchr(alphabet, text[size - 1]) - alphabet);
    return (last & (size % 4 == 2 ? 15u : 3u)) == 0;
}

/* A part as a JSON object; NULL: malformed. The caller's. */
static json_t *part_object(const char *text, size_t size)
{
    char bytes[TOKEN_MAX_BYTES];
    size_t length = jose_b64_dec_buf(text, size, bytes, sizeof bytes);

    if (length == SIZE_MAX || !utf8_valid(bytes, length))
        return NULL;
    json_t *object = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(object)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* The header's algorithm, when the token asks for nothing we do not do. */
static const char *algorithm_of_header(const json_t *header)
{
    if (json_object_get(header, "crit") || json_object_get(header, "b64") || json_object_get(header, "zip"))
        return NULL;
    return json_string_value(json_object_get(header, "alg"));
}

/* A key of the set must have the token's kid, when both name one; a file's key has none. */
static bool key_fits(const struct key *key, const char *algorithm, const char *kid)
{
    const char *own = json_string_value(json_object_get(key->jwk, "kid"));

    if (strcmp(key->algorithm, algorithm) != 0)
        return false;
    return key->origin != FROM_SET || !kid || !own || strcmp(own, kid) == 0;
}

/* ES256 signatures are exactly 64 bytes (RFC 7518 3.4), HS256 32, RS256 as long as the modulus. */
static bool signature_fits(const char *algorithm, size_t text_size)
{
    size_t bytes = text_size / 4 * 3 + (text_size % 4 ? text_size % 4 - 1 : 0);

    if (strcmp(algorithm, "ES256") == 0)
        return bytes == 64;
    if (strcmp(algorithm, "HS256") == 0)
        return bytes == 32;
    return strcmp(algorithm, "RS256") == 0 && bytes >= RSA_MIN_BITS / 8;
}

/* ---- claims ---- */

static unsigned role_of(const char *name)
{
    static const struct {
        const char *name;
        enum role role;
    } roles[] = {
        {"student", ROLE_STUDENT}, {"instructor", ROLE_INSTRUCTOR}, {"admin", ROLE_ADMIN},
        {"owner", ROLE_OWNER},     {"system", ROLE_SYSTEM},
    };
    for (size_t i = 0; name && i < sizeof roles / sizeof *roles; i++)
        if (strcasecmp(name, roles[i].name) == 0)
            return roles[i].role;
    return 0;
}

static unsigned roles_in(const json_t *claim)
{
    unsigned found = role_of(json_string_value(claim));
    size_t index;
    json_t *entry;

    if (json_is_array(claim))
        json_array_foreach(claim, index, entry) found |= role_of(json_string_value(entry));
    return found;
}

static bool listed(const char *list, const char *name)
{
    size_t size = name ? strlen(name) : 0;

    for (const char *at = list; at && size && (at = strstr(at, name)); at++)
        if ((at == list || strchr(", ", at[-1])) && (!at[size] || strchr(", ", at[size])))
            return true;
    return false;
}

/* The claim that a name means: as written, else a path of names with dots between them (realm_access.roles),
 * of which each may hold dots of its own (resource_access.my.client.roles). NULL: none. Deep as the setting
 * has dots. */
static const json_t *claim_named(const json_t *object, const char *name)
{
    const json_t *claim = json_object_get(object, name);
    char first[CLAIM_NAME_MAX];

    for (const char *dot = strchr(name, '.'); !claim && dot; dot = strchr(dot + 1, '.')) {
        if ((size_t)(dot - name) >= sizeof first)
            break;
        memcpy(first, name, (size_t)(dot - name));
        first[dot - name] = '\0';
        const json_t *below = json_object_get(object, first);
        if (json_is_object(below))
            claim = claim_named(below, dot + 1);
    }
    return json_is_null(claim) ? NULL : claim;
}

static unsigned caller_roles(const struct auth *auth, const json_t *claims)
{
    static const char long_claim[] = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
    unsigned roles = roles_in(json_object_get(claims, "role")) | roles_in(json_object_get(claims, "roles")) |
                     roles_in(json_object_get(claims, long_claim));
    const char *grant = json_string_value(json_object_get(claims, "gty"));

    if (auth->role_claim)
        roles |= roles_in(claim_named(claims, auth->role_claim));
    if (grant && strcmp(grant, "client-credentials") == 0 && auth->system_clients &&
        (listed(auth->system_clients, json_string_value(json_object_get(claims, "azp"))) ||
         listed(auth->system_clients, json_string_value(json_object_get(claims, "sub")))))
        roles |= ROLE_SYSTEM;
    return roles ? roles : ROLE_STUDENT; /* no role: the least */
}

static bool set_id(struct caller *caller, const json_t *claim)
{
    char number[DIGITS_DECIMAL_MAX];
    const char *text = json_string_value(claim);
    size_t size = json_string_length(claim);

    if (json_is_integer(claim)) {
        json_int_t value = json_integer_value(claim);
        if (value < 0)
            return false;
        text = number;
        size = (size_t)(digits_decimal(number, (uint64_t)value) - number);
    }
    if (!text || ident_problem(text, size))
        return false;
    memcpy(caller->id, text, size);
    caller->id[size] = '\0';
    caller->id_size = (uint32_t)size;
    ident_normalize(caller->id, size);
    return true;
}

static bool audience_fits(const struct auth *auth, const json_t *claim)
{
    size_t index;
    json_t *entry;

    if (json_is_string(claim))
        return strcmp(json_string_value(claim), auth->audience) == 0;
    json_array_foreach(claim, index,
                       entry) if (json_is_string(entry) &&
                                  strcmp(json_string_value(entry), auth->audience) == 0) return true;
    return false;
}

/* The claim that OpenID Connect has for a person's time zone. Longer than any zone's name: none. */
static void read_zone(const json_t *claim, char out[CALLER_ZONE_BYTES])
{
    const char *name = json_string_value(claim);

    if (name && json_string_length(claim) < CALLER_ZONE_BYTES)
        memcpy(out, name, json_string_length(claim) + 1);
}

/* A NumericDate (RFC 7519 2) in milliseconds; false: absent or no sensible number. */
static bool date_claim(const json_t *claims, const char *name, int64_t *out_ms)
{
    const json_t *claim = json_object_get(claims, name);

    if (!json_is_number(claim))
        return false;
    double seconds = json_number_value(claim);
    if (!(seconds > -(double)EXP_MAX_S && seconds < (double)EXP_MAX_S))
        return false;
    *out_ms = (int64_t)(seconds * 1000);
    return true;
}

static enum rc read_claims(const struct auth *auth, const json_t *claims, struct caller *caller,
                           int64_t *out_not_before_ms, struct fault *fault)
{
    static const char long_id[] = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
    const json_t *id = json_object_get(claims, "sub");
    const char *issuer = json_string_value(json_object_get(claims, "iss"));

    if (!date_claim(claims, "exp", &caller->expires_ms))
        return refuse(fault, "the token has no usable exp");
    *out_not_before_ms = 0;
    if (json_object_get(claims, "nbf") && !date_claim(claims, "nbf", out_not_before_ms))
        return refuse(fault, "the token's nbf is no date");
    if (auth->issuer && (!issuer || strcmp(issuer, auth->issuer) != 0))
        return refuse(fault, "the token comes from another issuer");
    if (auth->audience && !audience_fits(auth, json_object_get(claims, "aud")))
        return refuse(fault, "the token is meant for another audience");
    if (!id || json_is_null(id))
        id = json_object_get(claims, "userId");
    if (!id || json_is_null(id))
        id = json_object_get(claims, long_id);
    if (!id || !set_id(caller, id))
        return refuse(fault, "the token names no usable user id");
    caller->roles = caller_roles(auth, claims);
    read_zone(json_object_get(claims, "zoneinfo"), caller->zone);
    return RC_OK;
}

/* *out_generation: of the keys that were asked. */
static bool any_key_verifies(struct auth *auth, const json_t *jws, const char *algorithm, const char *kid,
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

static enum rc verify(struct auth *auth, const char *token, size_t size, struct caller *caller,
                      int64_t *out_not_before_ms, unsigned *out_generation, struct fault *fault)
{
    const char *end = token + size;
    const char *dot = memchr(token, '.', size);
    const char *second = dot ? memchr(dot + 1, '.', (size_t)(end - dot - 1)) : NULL;

    if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)) || size > TOKEN_MAX_BYTES ||
        !strict_base64url(token, (size_t)(dot - token)) ||
        !strict_base64url(dot + 1, (size_t)(second - dot - 1)) ||
        !strict_base64url(second + 1, (size_t)(end - second - 1)))
        return refuse(fault, "the token is malformed");
    json_auto_t *header = part_object(token, (size_t)(dot - token));
    const char *algorithm = header ? algorithm_of_header(header) : NULL;
    const char *kid = json_string_value(json_object_get(header, "kid"));
    if (!algorithm)
        return refuse(fault, "the token's header is not accepted");
    json_auto_t *jws =
        json_pack("{s:s%,s:s%,s:s%}", "protected", token, (size_t)(dot - token), "payload", dot + 1,
                  (size_t)(second - dot - 1), "signature", second + 1, (size_t)(end - second - 1));
    if (!jws || !signature_fits(algorithm, (size_t)(end - second - 1)))
        return refuse(fault, "the token's signature does not verify");
    if (!any_key_verifies(auth, jws, algorithm, kid, out_generation))
        return auth->uses_jwks && strcmp(algorithm, "HS256") != 0
                   ? fault_set(fault, RC_UNKNOWN_KEY, NULL, "no key that is known verifies the token")
                   : refuse(fault, "the token's signature does not verify");
    json_auto_t *claims = part_object(dot + 1, (size_t)(second - dot - 1));
    return claims ? read_claims(auth, claims, caller, out_not_before_ms, fault)
                  : refuse(fault, "the token's payload is no JSON object");
}

/* ---- remembered tokens ---- */

static enum rc check_dates(const struct caller *caller, int64_t not_before_ms, int64_t now_ms,
                           struct fault *fault)
{
    if (now_ms > caller->expires_ms + LEEWAY_S * 1000)
        return refuse(fault, "the token has expired");
    if (not_before_ms && now_ms < not_before_ms - LEEWAY_S * 1000)
        return refuse(fault, "the token is not valid yet");
    return RC_OK;
}

static bool recall(const struct cached *set, pthread_mutex_t *lock, const uint8_t *digest,
                   unsigned generation, struct caller *out, int64_t *out_not_before_ms)
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

static void remember(struct cached *set, pthread_mutex_t *lock, const uint8_t *digest, unsigned generation,
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

enum rc auth_verify(struct auth *auth, const char *token, size_t size, int64_t now_ms,
                    struct caller *out_caller, struct fault *fault)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    struct caller caller = {.id = ""};
    int64_t not_before_ms = 0;
    unsigned generation = atomic_load(&auth->generation);

    if (EVP_Digest(token, size, digest, NULL, auth->sha256, NULL) != 1)
        return fault_no_memory(fault);
    unsigned index = ((unsigned)digest[0] | (unsigned)digest[1] << 8) % CACHE_SETS;
    struct cached *set = &auth->cache[(size_t)index * CACHE_WAYS];
    pthread_mutex_t *lock = &auth->locks[index % CACHE_LOCKS];
    if (!recall(set, lock, digest, generation, &caller, &not_before_ms)) {
        enum rc rc = verify(auth, token, size, &caller, &not_before_ms, &generation, fault);
        if (rc != RC_OK)
            return rc;
        remember(set, lock, digest, generation, &caller, not_before_ms);
    }
    enum rc rc = check_dates(&caller, not_before_ms, now_ms, fault);
    if (rc == RC_OK)
        *out_caller = caller;
    return rc;
}

char *auth_issue(const struct auth_settings *settings, const char *sub, const char *role, int64_t now_s,
                 int64_t ttl_s)
{
    json_auto_t *key = secret_jwk(settings->secret, settings->secret_size);
    json_auto_t *claims = json_pack("{s:s,s:s,s:I,s:I,s:s*,s:s*}", "sub", sub, "role", role, "iat",
                                    (json_int_t)now_s, "exp", (json_int_t)(now_s + ttl_s), "iss",
                                    settings->issuer && *settings->issuer ? settings->issuer : NULL, "aud",
                                    settings->audience && *settings->audience ? settings->audience : NULL);
    char *text = claims ? json_dumps(claims, JSON_COMPACT) : NULL;
    json_auto_t *jws = text ? json_pack("{s:o}", "payload", jose_b64_enc(text, strlen(text))) : NULL;
    char *token = NULL;

    json_auto_t *signature = json_pack("{s:{s:s,s:s}}", "protected", "alg", "HS256", "typ", "JWT");
    if (jws && key && signature && jose_jws_sig(NULL, jws, signature, key)) {
        const char *head = json_string_value(json_object_get(jws, "protected"));
        const char *body = json_string_value(json_object_get(jws, "payload"));
        const char *mac = json_string_value(json_object_get(jws, "signature"));
        size_t size = head && body && mac ? strlen(head) + strlen(body) + strlen(mac) + 3 : 0;
        token = size ? malloc(size) : NULL;
        if (token)
            (void)snprintf(token, size, "%s.%s.%s", head, body, mac); /* measured */
    }
    free(text);
    return token;
}
