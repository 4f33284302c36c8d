#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/fault.h"

/* Every setting is one row of one table: name, kind, bounds, default, text. It is a flag (--name, dashes or
 * underscores), an environment variable (MILEPOST_NAME) and a line of the config file (name = value); flags
 * beat environment beats file. The table writes --help and docs/settings.md. Source: contract 8. */

enum { SETTINGS_MAX_PORTS = 8 };

struct settings_text;

struct settings {
    uint16_t ports[SETTINGS_MAX_PORTS];
    int port_count;
    const char *listen, *data;
    int64_t threads;
    const char *jwt_secret_file, *jwt_public_key_file, *jwks_url, *jwt_issuer, *jwt_audience, *jwt_role_claim;
    const char *system_clients, *server_key_file;
    const char *webhook_jwt, *video_auth, *catalog, *enroll;
    int64_t completion_threshold_hundredths;
    const char *display_timezone;
    int64_t rate_limit;
    int64_t realtime_per_user;
    const char *cors_origins;
    const char *user_svc_base_url, *user_check, *cms_base_url, *mock_data, *demo;
    int64_t upstream_timeout_ms, cache_ttl;
    const char *database, *replica, *bus;     /* empty: nothing else is built in yet */
    const char *oidc_issuer, *oidc_client_id; /* likewise */
    const char *read_consistency;             /* one process is always strong */
    const char *metrics_listen;               /* [address:]port; empty: none */
    const char *log_level;
    struct settings_text *texts; /* of the config file; settings_done */
};

/* Fills *out from defaults, file, environment and the flags in argv[first..argc). Writes every problem to
 * problems, one line each, and returns RC_INVALID when there was any. Texts borrow argv and the environment,
 * or live until settings_done. */
MUST_CHECK enum rc settings_read(struct settings *out, int argc, char **argv, int first, FILE *problems);

/* Frees the texts that settings_read kept. Fine for settings that were refused. */
void settings_done(struct settings *settings);

/* Writes the table as --help shows it. */
void settings_help(FILE *out);

/* Writes the table as a page of Markdown, the end of docs/settings.md. */
void settings_markdown(FILE *out);
