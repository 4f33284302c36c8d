#include "auth/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <jose/b64.h>
#include <jose/jws.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "auth/token_cache.h"
#include "base/arena.h"
#include "base/ident.h"
#include "base/memory.h"

enum { TOKEN_MAX_BYTES = 16384 };

struct auth {
    struct keys *keys;
    struct token_cache *cache;
    EVP_MD *sha256; /* looked up once: that takes longer than hashing a token */
    struct claim_rules rules;
    struct arena texts; /* what the rules point at */
    bool uses_jwks;
};

static enum rc refuse(struct fault *fault, const char *why)
{
    return fault_set(fault, RC_UNAUTHENTICATED, NULL, why);
}

/* False: out of memory. */
static bool copy_text(struct arena *arena, const char *text, const char **out)
{
    *out = text ? arena_copy(arena, text, strlen(text)) : NULL;
    return !text || *out;
}

static bool copy_rules(struct auth *auth, const struct claim_rules *rules)
{
    return copy_text(&auth->texts, rules->issuer, &auth->rules.issuer) &&
           copy_text(&auth->texts, rules->audience, &auth->rules.audience) &&
           copy_text(&auth->texts, rules->role_claim, &auth->rules.role_claim) &&
           copy_text(&auth->texts, rules->system_clients, &auth->rules.system_clients);
}

enum rc auth_new(const struct auth_settings *settings, struct auth **out_auth, struct fault *fault)
{
    struct auth *auth = calloc(1, sizeof *auth);

    if (!auth)
        return fault_no_memory(fault);
    arena_init(&auth->texts);
    auth->uses_jwks = settings->uses_jwks;
    auth->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    auth->cache = token_cache_new();
    if (!auth->cache || !auth->sha256 || !copy_rules(auth, &settings->rules) ||
        keys_new(&auth->keys, fault) != RC_OK) {
        auth_free(auth);
        return fault_no_memory(fault);
    }
    *out_auth = auth;
    return RC_OK;
}

void auth_free(struct auth *auth)
{
    if (!auth)
        return;
    keys_free(auth->keys);
    token_cache_free(auth->cache);
    EVP_MD_free(auth->sha256);
    arena_done(&auth->texts);
    free(auth);
}

struct keys *auth_keys(struct auth *auth)
{
    return auth->keys;
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

static enum rc read_token(struct auth *auth, const char *token, size_t size, struct claims *out_claims,
                          unsigned *out_generation, struct fault *fault)
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
    if (!keys_verify(auth->keys, jws, algorithm, kid, out_generation))
        return auth->uses_jwks && strcmp(algorithm, "HS256") != 0
                   ? fault_set(fault, RC_UNKNOWN_KEY, NULL, "no key that is known verifies the token")
                   : refuse(fault, "the token's signature does not verify");
    json_auto_t *payload = part_object(dot + 1, (size_t)(second - dot - 1));
    return payload ? claims_read(&auth->rules, payload, out_claims, fault)
                   : refuse(fault, "the token's payload is no JSON object");
}

/* Of what fails for want of memory no client is told that its token is bad: it would sign out. */
static enum rc verify(struct auth *auth, const char *token, size_t size, struct claims *out_claims,
                      unsigned *out_generation, struct fault *fault)
{
    if (!memory_ready())
        return fault_no_memory(fault);
    ERR_clear_error();
    enum rc rc = read_token(auth, token, size, out_claims, out_generation, fault);
    bool is_out =
        memory_was_out() || (rc != RC_OK && ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE);

    return is_out ? fault_no_memory(fault) : rc;
}

enum rc auth_verify(struct auth *auth, const char *token, size_t size, int64_t now_ms,
                    struct caller *out_caller, struct fault *fault)
{
    uint8_t digest[TOKEN_DIGEST_BYTES];
    struct claims claims;
    unsigned generation = keys_generation(auth->keys);

    if (EVP_Digest(token, size, digest, NULL, auth->sha256, NULL) != 1)
        return fault_no_memory(fault);
    if (!token_cache_get(auth->cache, digest, generation, &claims)) {
        enum rc rc = verify(auth, token, size, &claims, &generation, fault);
        if (rc != RC_OK)
            return rc;
        token_cache_put(auth->cache, digest, generation, &claims);
    }
    enum rc rc = claims_check_dates(&claims, now_ms, fault);
    if (rc == RC_OK)
        *out_caller = claims.caller;
    return rc;
}

char *auth_issue(const struct token_request *request)
{
    const char *issuer = request->rules.issuer, *audience = request->rules.audience;
    json_auto_t *key = keys_secret_jwk(request->secret, request->secret_size);
    json_auto_t *claims =
        json_pack("{s:s,s:s,s:I,s:I,s:s*,s:s*}", "sub", request->sub, "role", request->role, "iat",
                  (json_int_t)request->now_s, "exp", (json_int_t)request->now_s + request->ttl_s, "iss",
                  issuer && *issuer ? issuer : NULL, "aud", audience && *audience ? audience : NULL);
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
