#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "auth/claims.h"

/* What tokens that were verified say, by the SHA-256 of their text: verifying one again takes 50 times as
 * long. 32,768 at most; who comes later takes another's place. Thread-safe. */

enum { TOKEN_DIGEST_BYTES = 32 };

struct token_cache;

/* An empty one. NULL: out of memory. */
struct token_cache *token_cache_new(void);

/* NULL is fine. Nobody may use it any more. */
void token_cache_free(struct token_cache *cache);

/* The claims of a token that keys of that generation verified. False: it is not known; *out_claims is
 * untouched. */
bool token_cache_get(struct token_cache *cache, const uint8_t digest[TOKEN_DIGEST_BYTES], unsigned generation,
                     struct claims *out_claims);

/* Remembers a token. Out of memory: it is not remembered. */
void token_cache_put(struct token_cache *cache, const uint8_t digest[TOKEN_DIGEST_BYTES], unsigned generation,
                     const struct claims *claims);
