#include "ops/settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const struct setting settings_rows[] = {
#define AT(member) offsetof(struct settings, member)
    /* clang-format off */
    {.name = "port", .kind = kind_ports, .offset = AT(ports), .low = 1, .high = 65535, .initial = "5000",
     .text = "Port to listen on; may be given several times"},
    {.name = "listen", .kind = kind_text, .offset = AT(listen), .initial = "127.0.0.1",
     .text = "IPv4 or IPv6 address to listen on, or localhost; with :: all addresses of both"},
    {.name = "tls_cert_file", .kind = kind_text, .offset = AT(tls_cert_file), .initial = "",
     .reread = "the certificate",
     .text = "PEM certificate with its chain: TLS on every port; with tls_key_file. Empty: none"},
    {.name = "tls_key_file", .kind = kind_text, .offset = AT(tls_key_file), .initial = "",
     .reread = "the key",
     .text = "PEM key of that certificate"},
    {.name = "data", .kind = kind_text, .offset = AT(data), .initial = "./data",
     .text = "Data directory"},
    {.name = "snapshot_every", .kind = kind_number, .offset = AT(snapshot_every_h), .low = 0, .high = 8760,
     .unit = "hours", .initial = "0", .live = true,
     .text = "Hours between backups that the running server takes by itself; 0: none"},
    {.name = "snapshot_keep", .kind = kind_number, .offset = AT(snapshot_keep), .low = 1, .high = 1000,
     .unit = "snapshots", .initial = "7", .live = true,
     .text = "How many of them stay; the oldest go"},
    {.name = "snapshot_dir", .kind = kind_text, .offset = AT(snapshot_dir), .initial = "",
     .live = true,
     .text = "Where they are written, better on another disk; empty: data/snapshots"},
    {.name = "snapshot_with_keys", .kind = kind_switch, .offset = AT(snapshot_with_keys), .initial = "off",
     .choices = "off|on", .live = true,
     .text = "on: the keys too, each as FILE.jwt.secret and FILE.server.key with mode 0600: who has them can "
             "make tokens"},
    {.name = "threads", .kind = kind_number, .offset = AT(threads), .low = 0, .high = 256,
     .unit = "threads", .initial = "0",
     .text = "Event-loop threads per port; 0: one per core"},
    {.name = "jwt_secret_file", .kind = kind_text, .offset = AT(jwt_secret_file), .initial = "",
     .reread = "the key",
     .text = "HS256 secret of 32 bytes or more; empty: data/jwt.secret, written at first start, unless a "
             "public key or jwks_url is given"},
    {.name = "jwt_public_key_file", .kind = kind_text, .offset = AT(jwt_public_key_file), .initial = "",
     .reread = "the key",
     .text = "PEM public key for RS256 (2048 bits or more) or ES256 tokens"},
    {.name = "jwks_url", .kind = kind_url, .offset = AT(jwks_url), .initial = "", .reread = "the set",
     .text = "JWK set to fetch RS256 and ES256 keys from"},
    {.name = "jwt_issuer", .kind = kind_text, .offset = AT(jwt_issuer), .initial = "",
     .text = "Required iss; empty: any"},
    {.name = "jwt_audience", .kind = kind_text, .offset = AT(jwt_audience), .initial = "",
     .text = "Required aud; empty: any"},
    {.name = "jwt_role_claim", .kind = kind_text, .offset = AT(jwt_role_claim), .initial = "",
     .text = "One more claim to read roles from, as written or as a path (realm_access.roles)"},
    {.name = "system_clients", .kind = kind_text, .offset = AT(system_clients), .initial = "",
     .text = "azp or sub values whose client-credentials tokens count as SYSTEM, comma separated"},
    {.name = "server_key_file", .kind = kind_text, .offset = AT(server_key_file), .initial = "",
     .reread = "the key",
     .text = "Key for webhooks and /metrics; empty: data/server.key, written at first start"},
    {.name = "webhook_jwt", .kind = kind_choice, .offset = AT(webhook_jwt), .initial = "required",
     .choices = "required|optional",
     .text = "Whether webhooks need a token beside the server key"},
    {.name = "video_auth", .kind = kind_choice, .offset = AT(video_auth), .initial = "required",
     .choices = "required|none",
     .text = "none: /progress/* without tokens, for a trusted network"},
    {.name = "catalog", .kind = kind_choice, .offset = AT(catalog), .initial = "open",
     .choices = "open|strict",
     .alike = true,
     .text = "strict: courses and items that the catalogue does not list are 404"},
    {.name = "enroll", .kind = kind_choice, .offset = AT(enroll), .initial = "auto",
     .choices = "auto|explicit",
     .alike = true,
     .text = "explicit: activity without an enrolment is 404"},
    {.name = "completion_threshold", .kind = kind_hundredths,
     .offset = AT(completion_threshold_hundredths), .low = 1, .high = 10000, .unit = "percent",
     .initial = "95",
     .alike = true,
     .text = "Percent of a video from which it counts as completed"},
    {.name = "display_timezone", .kind = kind_zone, .offset = AT(display_timezone), .initial = "UTC",
     .alike = true,
     .text = "IANA zone for course-room dates and streak days"},
    {.name = "realtime_per_user", .kind = kind_number, .offset = AT(realtime_per_user), .low = 0,
     .high = 10000, .unit = "streams", .initial = "64",
     .text = "Streams of GET /progress/realtime that one user may have at a time; 0: any number"},
    {.name = "rate_limit", .kind = kind_number, .offset = AT(rate_limit), .low = 0, .high = 1000000,
     .unit = "requests per second", .initial = "0",
     .text = "Requests per second and caller, burst the same; 0: off"},
    {.name = "cors_origins", .kind = kind_origins, .offset = AT(cors_origins), .initial = "",
     .text = "Origins that browsers may call from, as they send them (https://lms.example), comma separated"},
    {.name = "user_svc_base_url", .kind = kind_url, .offset = AT(user_svc_base_url), .initial = "",
     .text = "User service that log writes ask: {url}/validate/{user_id}"},
    {.name = "user_check", .kind = kind_choice, .offset = AT(user_check), .initial = "off",
     .choices = "off|required",
     .alike = true,
     .text = "required: ask the user service even when no URL is given (the document's default URL)"},
    {.name = "cms_base_url", .kind = kind_url, .offset = AT(cms_base_url), .initial = "",
     .text = "CMS that pts asks for titles: {url}/courses/{id}, {url}/videos/{id}"},
    {.name = "mock_data", .kind = kind_switch, .offset = AT(mock_data), .initial = "off",
     .choices = "off|on",
     .alike = true,
     .text = "on: pts invents titles and durations, marked mock"},
    {.name = "demo", .kind = kind_switch, .offset = AT(demo), .initial = "off", .choices = "off|on",
     .text = "on: a page at /demo/ that plays a clip with the tracker"},
    {.name = "upstream_timeout_ms", .kind = kind_number, .offset = AT(upstream_timeout_ms), .low = 1,
     .high = 60000, .unit = "ms", .initial = "800",
     .text = "How long an upstream may take"},
    {.name = "cache_ttl", .kind = kind_number, .offset = AT(cache_ttl), .low = 0, .high = 86400,
     .unit = "s", .initial = "300",
     .text = "Seconds that upstream answers are kept"},
    {.name = "database", .kind = kind_database, .offset = AT(database), .initial = "",
     .text = "Empty: SQLite in the data directory. postgres://...: the database whose log several nodes "
             "share (docs/nodes.md); the data directory is then this node's copy"},
    {.name = "database_log", .kind = kind_text, .offset = AT(database_log), .initial = "main",
     .text = "Which log of that database: it may hold several, which know nothing of each other"},
    {.name = "replica", .kind = kind_absent, .offset = AT(replica), .initial = "",
     .text = "Empty; for a read-only PostgreSQL, which is not built in yet"},
    {.name = "bus", .kind = kind_absent, .offset = AT(bus), .initial = "",
     .text = "Empty: several nodes need nothing beside their database"},
    {.name = "read_consistency", .kind = kind_choice, .offset = AT(read_consistency), .initial = "strong",
     .choices = "strong|local",
     .text = "local: reads of several nodes on one database skip the look at the log's head, and may miss "
             "what another node has just written; a server of its own always reads its last write"},
    {.name = "oidc_issuer", .kind = kind_issuer, .offset = AT(oidc_issuer), .initial = "",
     .text = "OpenID provider that the dashboard lets people sign in with, exactly as it names itself; with "
             "oidc_client_id"},
    {.name = "oidc_client_id", .kind = kind_text, .offset = AT(oidc_client_id), .initial = "",
     .text = "The dashboard's name at that provider: a public client with PKCE, its redirect address the "
             "page"},
    {.name = "metrics_listen", .kind = kind_address, .offset = AT(metrics_listen), .initial = "",
     .text = "[address:]port for /metrics, /healthz and /readyz without a key; empty: /metrics on the main "
             "port, with X-Server-Key"},
    {.name = "log_level", .kind = kind_choice, .offset = AT(log_level), .initial = "info",
     .choices = "error|warn|info|debug", .live = true,
     .text = "How much is logged"},
    {.name = "log_format", .kind = kind_choice, .offset = AT(log_format), .initial = "text",
     .choices = "text|json", .live = true,
     .text = "How a line of the log is written: time, level and message, or a JSON object"},
    {.name = "access_log", .kind = kind_switch, .offset = AT(access_log), .initial = "off",
     .choices = "off|on", .live = true,
     .text = "on: a line for every answer: method, route, status, time, request id; never a body, a query or "
             "a token"},
/* clang-format on */
#undef AT
};

_Static_assert(sizeof settings_rows / sizeof *settings_rows <= SETTINGS_MAX, "SETTINGS_MAX is too small");

const int settings_row_count = sizeof settings_rows / sizeof *settings_rows;

void settings_print_range(FILE *out, const struct setting *row)
{
    const char *unit = row->unit ? row->unit : "", *gap = row->unit ? " " : "";

    if (row->choices)
        (void)fprintf(out, "%s", row->choices); /* the caller looks at the stream */
    else if (row->kind == kind_hundredths)
        (void)fprintf(out, "%lld.%02lld to %lld%s%s", (long long)row->low / 100, (long long)row->low % 100,
                      (long long)row->high / 100, gap, unit); /* likewise */
    else if (row->high)
        (void)fprintf(out, "%lld to %lld%s%s", (long long)row->low, (long long)row->high, gap,
                      unit); /* likewise */
}

const char *settings_note(const struct setting *row)
{
    return row->alike ? "; the same on all nodes of a database" : "";
}

void settings_help(FILE *out)
{
    /* to a terminal */
    (void)fprintf(out, "Settings (--name value, MILEPOST_NAME, or \"name = value\" in --config FILE):\n");
    for (const struct setting *row = settings_rows; row < settings_rows + settings_row_count; row++) {
        (void)fprintf(out, "  --%-22s %s%s", row->name, row->text, settings_note(row)); /* likewise */
        if (row->choices || row->high) {
            (void)fprintf(out, " ("); /* likewise */
            settings_print_range(out, row);
            (void)fprintf(out, ")"); /* likewise */
        }
        (void)fprintf(out, " [%s]\n", *row->initial ? row->initial : "empty"); /* likewise */
    }
}

void settings_markdown(FILE *out)
{
    (void)fprintf(out, "| setting | default | range | SIGHUP reads again | what |\n|---|---|---|---|---|\n");
    for (const struct setting *row = settings_rows; row < settings_rows + settings_row_count; row++) {
        char *range = NULL;
        size_t size;
        FILE *text = open_memstream(&range, &size);
        if (text) {
            settings_print_range(text, row);
            (void)fclose(text); /* a short range: out of memory, in a command for documents */
        }
        (void)fprintf(out, "| `%s` | `%s` | ", row->name, *row->initial ? row->initial : "(empty)");
        for (const char *at = range; at && *at; at++)
            (void)fprintf(out, "%s%c", *at == '|' ? "\\" : "", *at); /* to a file the caller checks */
        free(range);
        (void)fprintf(out, " | %s | %s%s |\n",
                      row->live     ? "the value"
                      : row->reread ? row->reread
                                    : "",
                      row->text, settings_note(row)); /* likewise */
    }
}

static void put_alike(const struct setting *row, const void *field, struct buf *out)
{
    buf_printf(out, "%s=", row->name);
    if (row->kind == kind_hundredths) {
        int64_t hundredths = *(const int64_t *)field;
        buf_printf(out, "%lld.%02lld", (long long)hundredths / 100, (long long)hundredths % 100);
    } else if (row->choices) { /* as the kinds count them */
        unsigned at = row->kind == kind_switch ? *(const bool *)field : *(const unsigned *)field;
        const char *word = row->choices;
        for (; at; at--)
            word += strcspn(word, "|") + 1;
        buf_add(out, word, strcspn(word, "|"));
    } else {
        buf_text(out, *(const char *const *)field);
    }
    buf_char(out, '\n');
}

void settings_put_alike(const struct settings *settings, struct buf *out)
{
    for (int i = 0; i < settings_row_count; i++)
        if (settings_rows[i].alike)
            put_alike(&settings_rows[i], (const char *)settings + settings_rows[i].offset, out);
}
