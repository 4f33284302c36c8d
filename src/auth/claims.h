#pragma once

#include <jansson.h>

#include "base/caller.h"
#include "base/fault.h"

/* What the claims of a token say: who calls, in which roles, until when. Pure: no clock, no keys; any thread.
 * Source: contract 1, Auth; RFC 7519 4.1. */

/* What the operator asks of claims. Texts are borrowed; NULL or "": not asked, or none. */
struct claim_rules {
    const char *issuer, *audience; /* that iss and aud must name */
    const char *role_claim;     /* one more claim with roles, as written or as a path: realm_access.roles */
    const char *system_clients; /* azp or sub values whose client-credentials tokens are ROLE_SYSTEM's */
};

struct claims {
    struct caller caller;  /* expires_ms: the token's exp */
    int64_t not_before_ms; /* its nbf; 0: it has none */
};

/* Reads a token's payload. Errors: RC_UNAUTHENTICATED, in general words: a claim is missing, malformed, or
 * not what the rules ask for. */
MUST_CHECK enum rc claims_read(const struct claim_rules *rules, const json_t *payload,
                               struct claims *out_claims, struct fault *fault);

/* Whether they hold at an instant, give or take a minute for clocks that differ. Errors: RC_UNAUTHENTICATED.
 */
MUST_CHECK enum rc claims_check_dates(const struct claims *claims, int64_t now_ms, struct fault *fault);
