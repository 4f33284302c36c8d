#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/fault.h"
#include "ops/kind.h"

/* Every setting is one row of one table: name, kind (a function that checks a value and writes a typed
 * field), range, unit, default, what SIGHUP reads again, text. It is a flag (--name, dashes or underscores),
 * an environment variable (MILEPOST_NAME) and a line of the config file (name = value); flags beat
 * environment beats file. The table writes --help and docs/settings.md. Source: contract 8. */

struct settings_text;

/* Each counts the choices of its setting, in the order of the table. */
enum webhook_jwt { WEBHOOK_JWT_REQUIRED, WEBHOOK_JWT_OPTIONAL };
enum video_auth { VIDEO_AUTH_REQUIRED, VIDEO_AUTH_NONE };
enum catalog_mode { CATALOG_OPEN, CATALOG_STRICT };
enum enroll_mode { ENROLL_AUTO, ENROLL_EXPLICIT };
enum user_check { USER_CHECK_OFF, USER_CHECK_REQUIRED };
enum read_consistency { READ_STRONG, READ_LOCAL };
enum log_format { LOG_TEXT, LOG_JSON };
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

enum { SETTINGS_MAX = 96 };

struct settings {
    struct port_list ports;
    const char *listen, *data;
    const char *tls_cert_file, *tls_key_file; /* both or none */
    int64_t snapshot_every_h, snapshot_keep;
    const char *snapshot_dir;
    bool snapshot_with_keys;
    int64_t threads;
    const char *jwt_secret_file, *jwt_public_key_file, *jwks_url, *jwt_issuer, *jwt_audience, *jwt_role_claim;
    const char *system_clients, *server_key_file;
    enum webhook_jwt webhook_jwt;
    enum video_auth video_auth;
    enum catalog_mode catalog;
    enum enroll_mode enroll;
    int64_t completion_threshold_hundredths;
    const char *display_timezone;
    int64_t rate_limit;
    int64_t realtime_per_user;
    const char *cors_origins;
    const char *user_svc_base_url, *cms_base_url;
    enum user_check user_check;
    bool mock_data, demo;
    int64_t upstream_timeout_ms, cache_ttl;
    const char *database, *database_log;      /* database empty: the data directory is the log */
    const char *replica, *bus;                /* empty: not built in */
    const char *oidc_issuer, *oidc_client_id; /* both or none */
    enum read_consistency read_consistency;   /* one process is always strong */
    const char *metrics_listen;               /* [address:]port; empty: none */
    enum log_level log_level;
    enum log_format log_format;
    bool access_log;
    struct settings_text *texts;    /* of the config file; settings_done */
    const char *said[SETTINGS_MAX]; /* each value as it was written, by row; of ports the last */
};

/* The table; at most SETTINGS_MAX rows. */
extern const struct setting settings_rows[];
extern const int settings_row_count;

/* What stands behind the text of a row in every paper: "; the same on all nodes of a database", or "". */
const char *settings_note(const struct setting *row);

/* Writes what a value of a row may be: "off|on", "0 to 256 threads", "" when there is nothing to say. */
void settings_print_range(FILE *out, const struct setting *row);

/* Writes the table as --help shows it. */
void settings_help(FILE *out);

/* Writes the table as a page of Markdown, the end of docs/settings.md. */
void settings_markdown(FILE *out);

/* Appends the values of settings that all nodes of a log must have alike: "name=value" and a line end each, a
 * value written in one way, however it was given. */
void settings_put_alike(const struct settings *settings, struct buf *out);
