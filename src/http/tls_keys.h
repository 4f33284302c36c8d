#pragma once

#include <gnutls/gnutls.h>

#include "base/fault.h"

/* The certificate that TLS connections are begun with, and may be changed under them: those under way keep
 * the one they began with. */
struct tls_keys;

/* One certificate with its key, counted. */
struct tls_pair {
    gnutls_certificate_credentials_t credentials;
    unsigned users;
};

/* Without a certificate yet. NULL: out of memory. */
struct tls_keys *tls_keys_new(void);

/* NULL is fine. No connection uses it any more. */
void tls_keys_free(struct tls_keys *keys);

/* Takes a certificate (with its chain) and its key from two PEM files; what begins from now on uses them.
 * RC_INVALID: one cannot be used, or they do not belong together; the old ones stay. *fault names the
 * setting. Any thread. */
MUST_CHECK enum rc tls_keys_load(struct tls_keys *keys, const char *cert_file, const char *key_file,
                                 struct fault *fault);

/* The pair of now, until tls_keys_give_back. NULL: there is none. Any thread. */
struct tls_pair *tls_keys_take(struct tls_keys *keys);

/* NULL is fine. Any thread. */
void tls_keys_give_back(struct tls_keys *keys, struct tls_pair *pair);
