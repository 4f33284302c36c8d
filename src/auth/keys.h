#pragma once

#include <jansson.h>

#include "auth/token.h"

/* The keys that tokens are verified with. */

/* An HS256 key as a JWK, the caller's. NULL: out of memory. */
json_t *secret_jwk(const char *secret, size_t size);

/* Whether one of the keys verifies a signature. *out_generation: of the keys that were asked. */
bool any_key_verifies(struct auth *auth, const json_t *jws, const char *algorithm, const char *kid,
                      unsigned *out_generation);
