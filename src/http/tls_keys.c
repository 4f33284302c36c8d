#include "http/tls_keys.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tls_keys {
    pthread_mutex_t lock; /* guards now, and the users of every pair */
    struct tls_pair *now;
};

struct tls_keys *tls_keys_new(void)
{
    struct tls_keys *keys = calloc(1, sizeof *keys);

    if (keys)
        (void)pthread_mutex_init(&keys->lock, NULL); /* default attributes cannot fail */
    return keys;
}

static void free_pair(struct tls_pair *pair)
{
    if (!pair)
        return;
    gnutls_certificate_free_credentials(pair->credentials);
    free(pair);
}

void tls_keys_free(struct tls_keys *keys)
{
    if (!keys)
        return;
    free_pair(keys->now);
    (void)pthread_mutex_destroy(&keys->lock); /* nobody holds it */
    free(keys);
}

static enum rc unusable(const char *setting, const char *file, const char *why, struct fault *fault)
{
    enum rc rc = fault_text(fault, RC_INVALID, "the certificate cannot be used", "%.80s: %s", file, why);

    fault->field = setting;
    return rc;
}

enum rc tls_keys_load(struct tls_keys *keys, const char *cert_file, const char *key_file, struct fault *fault)
{
    if (access(cert_file, R_OK) != 0)
        return unusable("tls_cert_file", cert_file, strerror(errno), fault);
    if (access(key_file, R_OK) != 0)
        return unusable("tls_key_file", key_file, strerror(errno), fault);
    struct tls_pair *pair = calloc(1, sizeof *pair);
    if (!pair || gnutls_certificate_allocate_credentials(&pair->credentials) != 0) {
        free(pair);
        return fault_no_memory(fault);
    }
    int code = gnutls_certificate_set_x509_key_file2(pair->credentials, cert_file, key_file,
                                                     GNUTLS_X509_FMT_PEM, NULL, 0);
    if (code < 0) {
        free_pair(pair);
        return unusable("tls_cert_file", cert_file, gnutls_strerror(code), fault);
    }
    pair->users = 1; /* now */
    (void)pthread_mutex_lock(&keys->lock);
    struct tls_pair *old = keys->now;
    keys->now = pair;
    (void)pthread_mutex_unlock(&keys->lock);
    tls_keys_give_back(keys, old);
    return RC_OK;
}

struct tls_pair *tls_keys_take(struct tls_keys *keys)
{
    (void)pthread_mutex_lock(&keys->lock);
    struct tls_pair *pair = keys->now;
    if (pair)
        pair->users++;
    (void)pthread_mutex_unlock(&keys->lock);
    return pair;
}

void tls_keys_give_back(struct tls_keys *keys, struct tls_pair *pair)
{
    if (!pair)
        return;
    (void)pthread_mutex_lock(&keys->lock);
    bool is_last = --pair->users == 0;
    (void)pthread_mutex_unlock(&keys->lock);
    if (is_last)
        free_pair(pair);
}
