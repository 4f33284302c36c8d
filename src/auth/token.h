#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/caller.h"
#include "base/fault.h"

/* Who calls: verifies bearer tokens (JWT, RFC 7519) with the configured keys. The key decides the algorithm,
 * never the token (RFC 8725 3.1). Source: contract 1, Auth; reliability A107 to A130. */

struct auth_settings {
    const char *secret; /* HS256 key bytes; NULL none */
    size_t secret_size;
    const char *public_key_pem;                                  /* RS256 or ES256; NULL none */
    bool uses_jwks;                                              /* keys come by auth_set_jwks too */
    const char *issuer, *audience, *role_claim, *system_clients; /* NULL or "": not checked / none */
};

struct auth;

/* Errors: RC_INVALID, a key that may not be used (too short, unknown kind), in words for the operator. */
MUST_CHECK enum rc auth_new(const struct auth_settings *settings, struct auth **out_auth,
                            struct fault *fault);

/* NULL is fine. Nobody may use it any more. */
void auth_free(struct auth *auth);

/* Each takes a key in place of the one that came the same way (SIGHUP); one that cannot be used leaves the
 * old one: RC_INVALID. From the return on no token of the old key is good, remembered or not. Any thread. */
MUST_CHECK enum rc auth_set_secret(struct auth *auth, const char *secret, size_t size, struct fault *fault);

/* A PEM public key, RSA of 2048 bits or more (RS256) or EC P-256 (ES256), in place of the one before. Errors:
 * RC_INVALID, it is none; the old one stays. Any thread. */
MUST_CHECK enum rc auth_set_public_key(struct auth *auth, const char *pem, size_t size, struct fault *fault);

/* The key that webhooks and /metrics ask for, in place of the one before. Errors: RC_BUSY, out of memory. Any
 * thread. */
MUST_CHECK enum rc auth_set_server_key(struct auth *auth, const char *key, size_t size, struct fault *fault);

/* Takes the signature keys of a JWK set (RFC 7517) in place of those of the last one: RSA of 2048 bits or
 * more for RS256, EC P-256 for ES256; use absent or sig; never kty oct; 62 at most. RC_INVALID: no JWK set,
 * or no such key in it; the old ones stay. */
MUST_CHECK enum rc auth_set_jwks(struct auth *auth, const char *bytes, size_t size, int *out_count,
                                 struct fault *fault);

/* Whether it is the server key, in a time that says nothing about the key. False while none is set. Any
 * thread. */
bool auth_server_key_fits(struct auth *auth, const char *given, size_t size);

/* Verifies the text after "Bearer ". now_ms: the clock. Any thread. RC_UNAUTHENTICATED says why in general
 * words. RC_UNKNOWN_KEY: no key that is known verifies it, and the JWK set may have changed; fetch the set
 * and try again. RC_BUSY: out of memory. Verified tokens are remembered until they expire or a key changes.
 */
MUST_CHECK enum rc auth_verify(struct auth *auth, const char *token, size_t size, int64_t now_ms,
                               struct caller *out_caller, struct fault *fault);

/* A token for a user, signed with the secret; into out (malloc'd, the caller's). NULL: out of memory. */
char *auth_issue(const struct auth_settings *settings, const char *sub, const char *role, int64_t now_s,
                 int64_t ttl_s);
