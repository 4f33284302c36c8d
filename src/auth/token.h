#pragma once

#include <stddef.h>
#include <stdint.h>

#include "auth/claims.h"
#include "auth/keys.h"
#include "base/caller.h"
#include "base/fault.h"

/* Who calls: verifies bearer tokens (JWT, RFC 7519). The key decides the algorithm, never the token (RFC 8725
 * 3.1). Source: contract 1, Auth; reliability A107 to A130. */

struct auth_settings {
    struct claim_rules rules;
    bool uses_jwks; /* keys come by keys_set_jwks too */
};

struct auth;

/* Without keys: they come by auth_keys. The settings are copied. Errors: RC_BUSY. */
MUST_CHECK enum rc auth_new(const struct auth_settings *settings, struct auth **out_auth,
                            struct fault *fault);

/* NULL is fine. Nobody may use it any more. */
void auth_free(struct auth *auth);

/* The keys that it asks; the auth's. */
struct keys *auth_keys(struct auth *auth);

/* Verifies the text after "Bearer ". now_ms: the clock. Any thread. RC_UNAUTHENTICATED says why in general
 * words. RC_UNKNOWN_KEY: no key that is known verifies it, and the JWK set may have changed; fetch the set
 * and try again. RC_BUSY: out of memory. Verified tokens are remembered until they expire or a key changes.
 */
MUST_CHECK enum rc auth_verify(struct auth *auth, const char *token, size_t size, int64_t now_ms,
                               struct caller *out_caller, struct fault *fault);

struct token_request {
    const char *secret; /* HS256 key bytes */
    size_t secret_size;
    struct claim_rules rules; /* whose issuer and audience it names */
    const char *sub, *role;
    int64_t now_s, ttl_s;
};

/* A token for a user, signed; malloc'd, the caller's. NULL: out of memory. */
char *auth_issue(const struct token_request *request);
