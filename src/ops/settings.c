#include "ops/settings.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ini.h>

extern char **environ;

enum kind {
    KIND_TEXT,
    KIND_CHOICE,
    KIND_NUMBER,
    KIND_HUNDREDTHS,
    KIND_PORTS,
    KIND_URL,
    KIND_ADDRESS,
    KIND_ABSENT
};

/* inih cuts a line at 199 bytes and a value at " ;": such a line is refused, not cut. */
enum { LINE_MAX_BYTES = 198, NAME_MAX_BYTES = 64 };

static const struct row {
    const char *name;
    enum kind kind;
    size_t offset;
    int64_t low, high;
    const char *initial; /* the default, as text */
    const char *choices; /* KIND_CHOICE: a|b */
    const char *text;
} rows[] = {
#define AT(member) offsetof(struct settings, member)
    {"port", KIND_PORTS, AT(ports), 1, 65535, "5000", NULL, "Port to listen on; may be given several times"},
    {"listen", KIND_TEXT, AT(listen), 0, 0, "127.0.0.1", NULL, "IPv4 address to listen on"},
    {"data", KIND_TEXT, AT(data), 0, 0, "./data", NULL, "Data directory"},
    {"threads", KIND_NUMBER, AT(threads), 0, 256, "0", NULL, "Event-loop threads per port; 0: one per core"},
    {"jwt_secret_file", KIND_TEXT, AT(jwt_secret_file), 0, 0, "", NULL,
     "HS256 secret of 32 bytes or more; empty: data/jwt.secret, written at first start, unless a public key "
     "or jwks_url is given"},
    {"jwt_public_key_file", KIND_TEXT, AT(jwt_public_key_file), 0, 0, "", NULL,
     "PEM public key for RS256 (2048 bits or more) or ES256 tokens"},
    {"jwks_url", KIND_URL, AT(jwks_url), 0, 0, "", NULL, "JWK set to fetch RS256 and ES256 keys from"},
    {"jwt_issuer", KIND_TEXT, AT(jwt_issuer), 0, 0, "", NULL, "Required iss; empty: any"},
    {"jwt_audience", KIND_TEXT, AT(jwt_audience), 0, 0, "", NULL, "Required aud; empty: any"},
    {"jwt_role_claim", KIND_TEXT, AT(jwt_role_claim), 0, 0, "", NULL,
     "One more claim to read roles from, as written or as a path (realm_access.roles)"},
    {"system_clients", KIND_TEXT, AT(system_clients), 0, 0, "", NULL,
     "azp or sub values whose client-credentials tokens count as SYSTEM, comma separated"},
    {"server_key_file", KIND_TEXT, AT(server_key_file), 0, 0, "", NULL,
     "Key for webhooks and /metrics; empty: data/server.key, written at first start"},
    {"webhook_jwt", KIND_CHOICE, AT(webhook_jwt), 0, 0, "required", "required|optional",
     "Whether webhooks need a token beside the server key"},
    {"video_auth", KIND_CHOICE, AT(video_auth), 0, 0, "required", "required|none",
     "none: /progress/* without tokens, for a trusted network"},
    {"catalog", KIND_CHOICE, AT(catalog), 0, 0, "open", "open|strict",
     "strict: courses and items that the catalogue does not list are 404"},
    {"enroll", KIND_CHOICE, AT(enroll), 0, 0, "auto", "auto|explicit",
     "explicit: activity without an enrolment is 404"},
    {"completion_threshold", KIND_HUNDREDTHS, AT(completion_threshold_hundredths), 1, 10000, "95", NULL,
     "Percent of a video from which it counts as completed"},
    {"display_timezone", KIND_TEXT, AT(display_timezone), 0, 0, "UTC", NULL,
     "IANA zone for course-room dates and streak days"},
    {"realtime_per_user", KIND_NUMBER, AT(realtime_per_user), 0, 10000, "8", NULL,
     "Streams of GET /progress/realtime that one user may have at a time; 0: any number"},
    {"rate_limit", KIND_NUMBER, AT(rate_limit), 0, 1000000, "0", NULL,
     "Requests per second and caller, burst the same; 0: off"},
    {"cors_origins", KIND_TEXT, AT(cors_origins), 0, 0, "", NULL,
     "Origins that browsers may call from, comma separated"},
    {"user_svc_base_url", KIND_URL, AT(user_svc_base_url), 0, 0, "", NULL,
     "User service that log writes ask: {url}/validate/{user_id}"},
    {"user_check", KIND_CHOICE, AT(user_check), 0, 0, "off", "off|required",
     "required: ask the user service even when no URL is given (the document's default URL)"},
    {"cms_base_url", KIND_URL, AT(cms_base_url), 0, 0, "", NULL,
     "CMS that pts asks for titles: {url}/courses/{id}, {url}/videos/{id}"},
    {"mock_data", KIND_CHOICE, AT(mock_data), 0, 0, "off", "off|on",
     "on: pts invents titles and durations, marked mock"},
    {"demo", KIND_CHOICE, AT(demo), 0, 0, "off", "off|on",
     "on: a page at /demo/ that plays a clip with the tracker"},
    {"upstream_timeout_ms", KIND_NUMBER, AT(upstream_timeout_ms), 1, 60000, "800", NULL,
     "How long an upstream may take"},
    {"cache_ttl", KIND_NUMBER, AT(cache_ttl), 0, 86400, "300", NULL,
     "Seconds that upstream answers are kept"},
    {"database", KIND_ABSENT, AT(database), 0, 0, "", NULL,
     "Empty: SQLite in the data directory. Nothing else is built in yet: postgres://... is refused"},
    {"replica", KIND_ABSENT, AT(replica), 0, 0, "", NULL,
     "Empty; for a read-only PostgreSQL, which is not built in yet"},
    {"bus", KIND_ABSENT, AT(bus), 0, 0, "", NULL,
     "Empty; for several nodes on one database, which are not built in yet"},
    {"read_consistency", KIND_CHOICE, AT(read_consistency), 0, 0, "strong", "strong|local",
     "What reads of several nodes on one database may miss; a server of its own always reads its last write"},
    {"oidc_issuer", KIND_ABSENT, AT(oidc_issuer), 0, 0, "", NULL,
     "Empty; for the dashboard's sign-in, which is not built in yet"},
    {"oidc_client_id", KIND_ABSENT, AT(oidc_client_id), 0, 0, "", NULL,
     "Empty; for the dashboard's sign-in, which is not built in yet"},
    {"metrics_listen", KIND_ADDRESS, AT(metrics_listen), 0, 0, "", NULL,
     "[address:]port for /metrics, /healthz and /readyz without a key; empty: /metrics on the main port, "
     "with X-Server-Key"},
    {"log_level", KIND_CHOICE, AT(log_level), 0, 0, "info", "error|warn|info|debug", "How much is logged"},
#undef AT
};

enum { ROW_COUNT = sizeof rows / sizeof *rows };

struct reading {
    struct settings *out;
    FILE *problems;
    const char *values[ROW_COUNT][SETTINGS_MAX_PORTS]; /* last source that set it */
    int counts[ROW_COUNT];
    int sources[ROW_COUNT]; /* 1 file, 2 environment, 3 flag */
    int bad;
};

static void complain(struct reading *reading, const char *name, const char *why)
{
    (void)fprintf(reading->problems, "milepost: %s: %s\n", name, why); /* nowhere else to say it */
    reading->bad++;
}

/* MILEPOST_JWT_ISSUER, jwt-issuer, jwt_issuer: one setting. */
static int find_row(const char *name, size_t size)
{
    for (int i = 0; i < ROW_COUNT; i++) {
        size_t k = 0;
        if (strlen(rows[i].name) != size)
            continue;
        while (k < size && (name[k] == '-' ? '_' : tolower((unsigned char)name[k])) == rows[i].name[k])
            k++;
        if (k == size)
            return i;
    }
    return -1;
}

static void set(struct reading *reading, int row, int source, const char *value)
{
    if (reading->sources[row] != source) {
        reading->sources[row] = source;
        reading->counts[row] = 0;
    }
    if (rows[row].kind != KIND_PORTS)
        reading->counts[row] = 0;
    if (reading->counts[row] < SETTINGS_MAX_PORTS)
        reading->values[row][reading->counts[row]++] = value;
    else
        complain(reading, rows[row].name, "is given too often");
}

/* ---- sources ---- */

struct settings_text {
    struct settings_text *next;
    char text[];
};

/* "" when out of memory: the setting's own check says what is wrong with that. */
static const char *keep_text(struct settings *settings, const char *text)
{
    size_t size = strlen(text) + 1;
    struct settings_text *kept = malloc(sizeof *kept + size);

    if (!kept)
        return "";
    memcpy(kept->text, text, size);
    kept->next = settings->texts;
    settings->texts = kept;
    return kept->text;
}

static int take_line(void *arg, const char *section, const char *name, const char *value)
{
    struct reading *reading = arg;
    int row = find_row(name, strlen(name));

    (void)section;
    if (row < 0)
        complain(reading, name, "unknown setting in the config file");
    else
        set(reading, row, 1, keep_text(reading->out, value));
    return 1;
}

static void read_file(struct reading *reading, const char *path)
{
    char line[4096];
    FILE *file = fopen(path, "r");

    if (!file) {
        complain(reading, "config", "the file cannot be read");
        return;
    }
    for (int number = 1; fgets(line, sizeof line, file); number++)
        if (line[0] != ';' && line[0] != '#' && (strlen(line) > LINE_MAX_BYTES || strstr(line, " ;"))) {
            /* likewise */
            (void)fprintf(reading->problems, "milepost: %s:%d: too long, or holds \" ;\"\n", path, number);
            reading->bad++;
        }
    rewind(file);
    if (ini_parse_file(file, take_line, reading) != 0)
        complain(reading, "config", "the file is malformed");
    (void)fclose(file); /* only read */
}

static void read_environment(struct reading *reading)
{
    for (char **each = environ; *each; each++) {
        const char *equals = strchr(*each, '=');
        if (strncmp(*each, "MILEPOST_", 9) != 0 || !equals)
            continue;
        int row = find_row(*each + 9, (size_t)(equals - *each - 9));
        char name[NAME_MAX_BYTES];
        (void)snprintf(name, sizeof name, "%.*s", (int)(equals - *each), *each); /* cut is fine */
        if (row < 0)
            complain(reading, name, "unknown setting in the environment");
        else
            set(reading, row, 2, equals + 1);
    }
}

static void read_flags(struct reading *reading, int argc, char **argv, int first, const char **out_config)
{
    for (int i = first; i < argc; i++) {
        const char *flag = argv[i], *equals = strchr(flag, '=');
        if (strncmp(flag, "--", 2) != 0) {
            complain(reading, flag, "unexpected argument");
            continue;
        }
        size_t size = equals ? (size_t)(equals - flag - 2) : strlen(flag) - 2;
        int row = find_row(flag + 2, size);
        /* bare --mock-data, as in the document, and --demo */
        bool is_switch = row >= 0 && rows[row].choices && strcmp(rows[row].choices, "off|on") == 0;
        bool has_next = i + 1 < argc && !(is_switch && strncmp(argv[i + 1], "--", 2) == 0);
        const char *value = equals ? equals + 1 : has_next ? argv[++i] : is_switch ? "on" : NULL;
        if (size == 6 && strncmp(flag + 2, "config", 6) == 0 && value)
            *out_config = value;
        else if (row < 0)
            complain(reading, flag, "unknown setting");
        else if (!value)
            complain(reading, flag, "needs a value");
        else
            set(reading, row, 3, value);
    }
}

/* ---- values ---- */

static bool whole_number(const char *text, int64_t low, int64_t high, int64_t *out)
{
    char *end;

    if (!isdigit((unsigned char)*text))
        return false;
    long long value = strtoll(text, &end, 10);
    if (*end || value < low || value > high)
        return false;
    *out = value;
    return true;
}

/* "95" or "92.5" as hundredths. */
static bool hundredths(const char *text, int64_t low, int64_t high, int64_t *out)
{
    int64_t whole = 0, part = 0, scale = 10;

    if (!isdigit((unsigned char)*text))
        return false;
    for (; isdigit((unsigned char)*text) && whole < 100000; text++)
        whole = whole * 10 + (*text - '0');
    if (*text == '.')
        for (text++; isdigit((unsigned char)*text) && scale; text++, scale /= 10)
            part += scale * (*text - '0');
    if (*text || whole * 100 + part < low || whole * 100 + part > high)
        return false;
    *out = whole * 100 + part;
    return true;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t size = strlen(value);

    for (const char *at = choices; size && (at = strstr(at, value)); at++)
        if ((at == choices || at[-1] == '|') && (at[size] == '|' || !at[size]))
            return true;
    return false;
}

static void apply(struct reading *reading, int row)
{
    char *field = (char *)reading->out + rows[row].offset;
    const char *value = reading->counts[row] ? reading->values[row][0] : rows[row].initial;
    int64_t number;

    switch (rows[row].kind) {
    case KIND_URL:
        if (*value && strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0)
            complain(reading, rows[row].name, "must be an http or https URL");
        *(const char **)(void *)field = value;
        break;
    case KIND_CHOICE:
        if (!is_choice(rows[row].choices, value))
            complain(reading, rows[row].name, rows[row].choices);
        *(const char **)(void *)field = value;
        break;
    case KIND_ABSENT:
        if (*value)
            complain(reading, rows[row].name, "is not built in yet; leave it empty");
        *(const char **)(void *)field = value;
        break;
    case KIND_ADDRESS: { /* [address:]port */
        const char *colon = strrchr(value, ':');
        if (*value && !whole_number(colon ? colon + 1 : value, 1, 65535, &number))
            complain(reading, rows[row].name, "must be [address:]port, with a port from 1 to 65535");
        *(const char **)(void *)field = value;
        break;
    }
    case KIND_TEXT:
        *(const char **)(void *)field = value;
        break;
    case KIND_NUMBER:
        if (!whole_number(value, rows[row].low, rows[row].high, (int64_t *)(void *)field))
            complain(reading, rows[row].name, "must be a whole number in range (see --help)");
        break;
    case KIND_HUNDREDTHS:
        if (!hundredths(value, rows[row].low, rows[row].high, (int64_t *)(void *)field))
            complain(reading, rows[row].name, "must be a number above 0 and at most 100");
        break;
    case KIND_PORTS:
        for (int i = 0; i == 0 || i < reading->counts[row]; i++) {
            const char *text = reading->counts[row] ? reading->values[row][i] : rows[row].initial;
            if (whole_number(text, rows[row].low, rows[row].high, &number))
                reading->out->ports[reading->out->port_count++] = (uint16_t)number;
            else
                complain(reading, rows[row].name, "must be a port from 1 to 65535");
        }
        break;
    }
}

enum rc settings_read(struct settings *out, int argc, char **argv, int first, FILE *problems)
{
    struct reading reading = {.out = out, .problems = problems};
    const char *config = NULL;

    *out = (struct settings){.port_count = 0};
    struct reading flags = {.out = out, .problems = problems};
    read_flags(&flags, argc, argv, first, &config);
    if (config)
        read_file(&reading, config);
    read_environment(&reading);
    reading.bad += flags.bad;
    for (int i = 0; i < ROW_COUNT; i++)
        for (int k = 0; k < flags.counts[i]; k++)
            set(&reading, i, 3, flags.values[i][k]);
    for (int i = 0; i < ROW_COUNT; i++)
        apply(&reading, i);
    if (out->threads == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        out->threads = cores > 0 ? cores : 1;
    }
    return reading.bad ? RC_INVALID : RC_OK;
}

void settings_done(struct settings *settings)
{
    for (struct settings_text *next; settings->texts; settings->texts = next) {
        next = settings->texts->next;
        free(settings->texts);
    }
}

void settings_help(FILE *out)
{
    /* to a terminal */
    (void)fprintf(out, "Settings (--name value, MILEPOST_NAME, or \"name = value\" in --config FILE):\n");
    for (int i = 0; i < ROW_COUNT; i++)
        (void)fprintf(out, "  --%-22s %s%s%s%s [%s]\n", rows[i].name, rows[i].text,
                      rows[i].choices ? " (" : "", rows[i].choices ? rows[i].choices : "",
                      rows[i].choices ? ")" : "",
                      *rows[i].initial ? rows[i].initial : "empty"); /* likewise */
}

void settings_markdown(FILE *out)
{
    (void)fprintf(out, "| setting | default | what |\n|---|---|---|\n"); /* to a file the caller checks */
    for (int i = 0; i < ROW_COUNT; i++) {
        (void)fprintf(out, "| `%s` | `%s` | %s", rows[i].name, *rows[i].initial ? rows[i].initial : "(empty)",
                      rows[i].text); /* likewise */
        for (const char *at = rows[i].choices; at && *at; at++)
            (void)fprintf(out, "%s%s%.1s", at == rows[i].choices ? " (" : "", *at == '|' ? " \\" : "",
                          at);                                    /* likewise */
        (void)fprintf(out, "%s |\n", rows[i].choices ? ")" : ""); /* likewise */
    }
}
