#include "auth/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <jose/b64.h>
#include <jose/jws.h>

#include "auth/auth_private.h"
#include "auth/claims.h"
#include "auth/keys.h"
#include "auth/token_cache.h"
#include "base/ident.h"

enum { TOKEN_MAX_BYTES = 16384 };

static enum rc refuse(struct fault *fault, const char *why)
{
    return fault_set(fault, RC_UNAUTHENTICATED, NULL, why);
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
