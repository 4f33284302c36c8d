#pragma once

#include "http/request.h"
#include "upstream/fetch.h"

/* Fetches the JWK set when a token names a key that is not known: once for all who wait, at most once a minute (the
 * first load not counted). Source: contract 1, Auth; reliability A117. */
struct jwks;

MUST_CHECK enum rc jwks_new(const char *url, struct fetcher *fetcher,
                            bool (*take)(void *arg, const char *bytes, size_t size), void *arg,
                            struct jwks **out_jwks, struct fault *fault);
void jwks_free(struct jwks *jwks);

enum jwks_answer { JWKS_WAIT, JWKS_REFUSE, JWKS_UNREACHABLE };

/* JWKS_WAIT: the request is parked, again is called on a server thread once the fetch is over. JWKS_REFUSE: asked
 * less than a minute ago: the key does not exist. JWKS_UNREACHABLE: the set was never there and cannot be had. */
enum jwks_answer jwks_ask(struct jwks *jwks, struct request *request, int64_t now_ms,
                          void (*again)(struct request *request));
