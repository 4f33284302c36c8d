#pragma once

#include "auth/token.h"
#include "face/jwks.h"
#include "http/tls_keys.h"
#include "ops/settings.h"
#include "store/log.h"

/* Where the server's keys come from: files at the start and on SIGHUP, and a JWK set. What goes wrong is said
 * on stderr. */

/* Loads the keys that the settings name; some are made at the first start. has_data: there are events
 * already, so that new keys are not what anybody wanted, which is said loudly. 0, or an exit status;
 * those that are made are the same on all nodes of a log that is shared;
 * *out_auth is the caller's then too (NULL: none was made). */
int serve_load_keys(const struct settings *settings, bool has_data, struct log *log, struct auth **out_auth);

/* Makes those keys of the data directory that the first start would make, so that it finds them; those that
 * are there stay. What goes wrong is said. 0, or an exit status. */
int serve_make_keys(const struct settings *settings);

/* Whether the keys that the settings name can be used; keys that the first start would make need not be
 * there, but one that is there must be good. What is wrong is said. 0, or an exit status. */
int serve_check_keys(const struct settings *settings);

/* Reads each key again, by itself; one whose file is missing or broken stays, and that is said. jwks NULL:
 * there is none. Source: contract 8; reliability R13. */
void serve_reload_keys(const struct settings *settings, struct auth *auth, struct jwks *jwks);

/* The certificate of tls_cert_file and tls_key_file; without these nothing. 0, or an exit status. */
int serve_load_tls(const struct settings *settings, struct tls_keys **out_tls);

/* Reads it again; one that cannot be used leaves the old, and that is said. tls NULL: there is none. */
void serve_reload_tls(const struct settings *settings, struct tls_keys *tls);

/* Takes a JWK set for jwks_new, whose arg is a struct keys. Called once per set that was asked for, so once a
 * minute or on SIGHUP, or once a second before the first came. */
bool serve_take_jwks(void *keys, const char *bytes, size_t size);
