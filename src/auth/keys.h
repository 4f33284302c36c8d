#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/fault.h"

/* The keys that tokens are verified with, and the server key. Each comes one way: the HS256 secret, a public
 * key, a JWK set, the server key; what comes the same way later takes its place. Thread-safe. Source:
 * contract 1, Auth; reliability A107 to A130. */

enum { RSA_MIN_BITS = 2048 /* RFC 7518 3.3 */ };

struct keys;

/* No keys: nothing verifies. Errors: RC_BUSY. */
MUST_CHECK enum rc keys_new(struct keys **out_keys, struct fault *fault);

/* NULL is fine. Nobody may use them any more. */
void keys_free(struct keys *keys);

/* Takes an HS256 secret of 32 bytes or more in place of the one before. Errors: RC_INVALID, in words for the
 * operator; RC_BUSY; the old one stays. Once it has returned, the old one verifies nothing. */
MUST_CHECK enum rc keys_set_secret(struct keys *keys, const char *secret, size_t size, struct fault *fault);

/* The same for a PEM public key: RSA of 2048 bits or more (RS256) or EC P-256 (ES256). */
MUST_CHECK enum rc keys_set_public_key(struct keys *keys, const char *pem, size_t size, struct fault *fault);

/* Takes the key that webhooks and /metrics ask for in place of the one before. Errors: RC_BUSY; the old one
 * stays. */
MUST_CHECK enum rc keys_set_server_key(struct keys *keys, const char *key, size_t size, struct fault *fault);

/* Takes the signature keys of a JWK set (RFC 7517) in place of those of the last one: RSA of 2048 bits or
 * more for RS256, EC P-256 for ES256; use absent or sig; key_ops absent or with verify; never kty oct; 62 at
 * most. RC_INVALID: no JWK set, or no such key in it; the old ones stay. */
MUST_CHECK enum rc keys_set_jwks(struct keys *keys, const char *bytes, size_t size, int *out_count,
                                 struct fault *fault);

/* Whether it is the server key, in a time that says nothing about the key. RC_UNAUTHENTICATED: it is not, or
 * none is set. RC_BUSY: out of memory. */
MUST_CHECK enum rc keys_check_server_key(struct keys *keys, const char *given, size_t size,
                                         struct fault *fault);

/* A number that changes whenever a key that verifies goes or comes. A glance, without a lock: what is found
 * with the keys of an older generation is not to be trusted. */
unsigned keys_generation(const struct keys *keys);

/* Whether one of the keys for that algorithm, and with that kid (NULL: any), verifies a JWS.
 * *out_generation: of the keys that were asked. */
bool keys_verify(struct keys *keys, const json_t *jws, const char *algorithm, const char *kid,
                 unsigned *out_generation);

/* An HS256 secret as a JWK, the caller's. NULL: out of memory. */
json_t *keys_secret_jwk(const char *secret, size_t size);
