#pragma once

#include "auth/token.h"
#include "face/jwks.h"
#include "http/tls_keys.h"
#include "ops/settings.h"
#include "store/log.h"

/* Where the server's keys come from: files at the start and on SIGHUP, and a JWK set. What goes wrong is said
 * on stderr. */

enum { KEY_FILES = 3, KEY_DIGEST = 32 /* SHA-256 */ };

/* The keys of the data directory that all nodes of the log have alike. */
struct shared_keys {
    struct log *log;
    bool started;                         /* serve_load_keys is done */
    uint8_t known[KEY_FILES][KEY_DIGEST]; /* of the key that this node and the log had last */
};

/* Loads the keys that the settings name; some are made at the first start. has_data: there are events
 * already, so that new keys are not what anybody wanted, which is said loudly. 0, or an exit status;
 * those of the data directory are the same on all nodes of a log that is shared (shared->log);
 * *out_auth is the caller's then too (NULL: none was made). */
int serve_load_keys(const struct settings *settings, bool has_data, struct shared_keys *shared,
                    struct auth **out_auth);

/* Makes those keys of the data directory that the first start would make, so that it finds them; those that
 * are there stay. What goes wrong is said. 0, or an exit status. */
int serve_make_keys(const struct settings *settings);

/* Whether the keys that the settings name can be used; keys that the first start would make need not be
 * there, but one that is there must be good. What is wrong is said. 0, or an exit status. */
int serve_check_keys(const struct settings *settings);

/* Reads each key again, by itself; one whose file is missing or broken stays, and that is said. A new one in
 * the data directory becomes the log's, where that is shared; else the log's is taken. Without the log the
 * old one stays. jwks NULL: there is none. Source: contract 8; reliability R13. */
void serve_reload_keys(const struct settings *settings, struct shared_keys *shared, struct auth *auth,
                       struct jwks *jwks);

/* The certificate of tls_cert_file and tls_key_file; without these nothing. 0, or an exit status. */
int serve_load_tls(const struct settings *settings, struct tls_keys **out_tls);

/* Reads it again; one that cannot be used leaves the old, and that is said. tls NULL: there is none. */
void serve_reload_tls(const struct settings *settings, struct tls_keys *tls);

/* Takes a JWK set for jwks_new, whose arg is a struct keys. Called once per set that was asked for, so once a
 * minute or on SIGHUP, or once a second before the first came. */
bool serve_take_jwks(void *keys, const char *bytes, size_t size);
