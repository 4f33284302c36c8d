#pragma once

#include <jansson.h>

#include "auth/token.h"

/* What a token says of its owner. */

/* The caller that a token's claims name, when they fit the settings. */
MUST_CHECK enum rc read_claims(const struct auth *auth, const json_t *claims, struct caller *caller,
                               int64_t *out_not_before_ms, struct fault *fault);

/* Whether a token is good now. */
MUST_CHECK enum rc check_dates(const struct caller *caller, int64_t not_before_ms, int64_t now_ms,
                               struct fault *fault);
