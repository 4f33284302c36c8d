#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/caller.h"
#include "base/fault.h"

/* Who calls: verifies bearer tokens (JWT, RFC 7519) with the configured keys. The key decides the algorithm,
 * never the token (RFC 8725 3.1). Source: contract 1, Auth; reliability A107 to A130. */

struct auth_settings {
    const char *secret;          /* HS256 key bytes; NULL none */
    size_t secret_size;
    const char *public_key_pem;  /* RS256 or ES256; NULL none */
    bool uses_jwks;              /* keys come by auth_set_jwks too */
    const char *issuer, *audience, *role_claim, *system_clients; /* NULL or "": not checked / none */
};

struct auth;

/* Errors: RC_INVALID, a key that may not be used (too short, unknown kind), in words for the operator. */
MUST_CHECK enum rc auth_new(const struct auth_settings *settings, struct auth **out_auth, struct fault *fault);
void auth_free(struct auth *auth);

/* Takes the keys of other settings in place of the present ones (SIGHUP); JWKS keys stay. When they cannot be
 * used the old ones stay. Any thread. */
MUST_CHECK enum rc auth_reload(struct auth *auth, const struct auth_settings *settings, struct fault *fault);

/* Takes the signature keys of a JWK set (RFC 7517) in place of those of the last one: RSA of 2048 bits or more for
 * RS256, EC P-256 for ES256; use absent or sig; never kty oct. RC_INVALID: no JWK set; the old ones stay. */
MUST_CHECK enum rc auth_set_jwks(struct auth *auth, const char *bytes, size_t size, struct fault *fault);

/* Verifies the text after "Bearer ". now_ms: the clock. Any thread. RC_UNAUTHENTICATED says why in general
 * words. RC_BUSY: no key of the JWK set fits the token's kid; fetch the set and try again (when that cannot be, it
 * is RC_UNAUTHENTICATED, or RC_BUSY when the set was never there). Verified tokens are remembered until they expire
 * or keys change. */
MUST_CHECK enum rc auth_verify(struct auth *auth, const char *token, size_t size, int64_t now_ms,
                               struct caller *out_caller, struct fault *fault);

/* A token for a user, signed with the secret; into out (malloc'd, the caller's). NULL: out of memory. */
char *auth_issue(const struct auth_settings *settings, const char *sub, const char *role, int64_t now_s,
                 int64_t ttl_s);
