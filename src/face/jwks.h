#pragma once

#include "http/request.h"
#include "upstream/fetch.h"

/* Fetches the JWK set when no key at hand verifies a token (an unknown kid, or a key that changed under its
 * kid): once for all who wait, at most once a minute (the first load not counted). Source: contract 1, Auth;
 * reliability A117. */
struct jwks;

/* take: on a fetcher's thread, whatever came; bytes NULL: nothing came. False: the set is as before. */
MUST_CHECK enum rc jwks_new(const char *url, struct fetcher *fetcher,
                            bool (*take)(void *arg, const char *bytes, size_t size), void *arg,
                            struct jwks **out_jwks, struct fault *fault);

/* NULL is fine. Nothing is under way any more: fetcher_stop came before. */
void jwks_free(struct jwks *jwks);

/* Fetches it now, whenever the last time was (SIGHUP). Any thread. */
void jwks_reload(struct jwks *jwks);

enum jwks_answer { JWKS_WAIT, JWKS_CHANGED, JWKS_REFUSE, JWKS_UNREACHABLE };

/* JWKS_WAIT: the request is suspended, again is called on a server thread once the fetch is over.
 * JWKS_CHANGED: a set came while the token was being looked at: look again. JWKS_REFUSE: asked less than a
 * minute ago: the key does not exist. JWKS_UNREACHABLE: the set was never there and cannot be had, or too
 * many wait for it.
 */
enum jwks_answer jwks_ask(struct jwks *jwks, struct request *request, void (*again)(struct request *request));
