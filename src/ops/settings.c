#include "ops/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ini.h>

#include "ops/nearest.h"

extern char **environ;

/* inih cuts a line at 199 bytes and a value at " ;": such a line is refused, not cut. */
enum { LINE_MAX_BYTES = 198, NAME_MAX_BYTES = 64 };

static const struct setting rows[] = {
#define AT(member) offsetof(struct settings, member)
    /* clang-format off */
    {.name = "port", .kind = kind_ports, .offset = AT(ports), .low = 1, .high = 65535, .initial = "5000",
     .text = "Port to listen on; may be given several times"},
    {.name = "listen", .kind = kind_text, .offset = AT(listen), .initial = "127.0.0.1",
     .text = "IPv4 address to listen on"},
    {.name = "data", .kind = kind_text, .offset = AT(data), .initial = "./data",
     .text = "Data directory"},
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
     .text = "strict: courses and items that the catalogue does not list are 404"},
    {.name = "enroll", .kind = kind_choice, .offset = AT(enroll), .initial = "auto",
     .choices = "auto|explicit",
     .text = "explicit: activity without an enrolment is 404"},
    {.name = "completion_threshold", .kind = kind_hundredths,
     .offset = AT(completion_threshold_hundredths), .low = 1, .high = 10000, .unit = "percent",
     .initial = "95",
     .text = "Percent of a video from which it counts as completed"},
    {.name = "display_timezone", .kind = kind_text, .offset = AT(display_timezone), .initial = "UTC",
     .text = "IANA zone for course-room dates and streak days"},
    {.name = "realtime_per_user", .kind = kind_number, .offset = AT(realtime_per_user), .low = 0,
     .high = 10000, .unit = "streams", .initial = "8",
     .text = "Streams of GET /progress/realtime that one user may have at a time; 0: any number"},
    {.name = "rate_limit", .kind = kind_number, .offset = AT(rate_limit), .low = 0, .high = 1000000,
     .unit = "requests per second", .initial = "0",
     .text = "Requests per second and caller, burst the same; 0: off"},
    {.name = "cors_origins", .kind = kind_text, .offset = AT(cors_origins), .initial = "",
     .text = "Origins that browsers may call from, comma separated"},
    {.name = "user_svc_base_url", .kind = kind_url, .offset = AT(user_svc_base_url), .initial = "",
     .text = "User service that log writes ask: {url}/validate/{user_id}"},
    {.name = "user_check", .kind = kind_choice, .offset = AT(user_check), .initial = "off",
     .choices = "off|required",
     .text = "required: ask the user service even when no URL is given (the document's default URL)"},
    {.name = "cms_base_url", .kind = kind_url, .offset = AT(cms_base_url), .initial = "",
     .text = "CMS that pts asks for titles: {url}/courses/{id}, {url}/videos/{id}"},
    {.name = "mock_data", .kind = kind_switch, .offset = AT(mock_data), .initial = "off",
     .choices = "off|on",
     .text = "on: pts invents titles and durations, marked mock"},
    {.name = "demo", .kind = kind_switch, .offset = AT(demo), .initial = "off", .choices = "off|on",
     .text = "on: a page at /demo/ that plays a clip with the tracker"},
    {.name = "upstream_timeout_ms", .kind = kind_number, .offset = AT(upstream_timeout_ms), .low = 1,
     .high = 60000, .unit = "ms", .initial = "800",
     .text = "How long an upstream may take"},
    {.name = "cache_ttl", .kind = kind_number, .offset = AT(cache_ttl), .low = 0, .high = 86400,
     .unit = "s", .initial = "300",
     .text = "Seconds that upstream answers are kept"},
    {.name = "database", .kind = kind_absent, .offset = AT(database), .initial = "",
     .text = "Empty: SQLite in the data directory. Nothing else is built in yet: postgres://... is refused"},
    {.name = "replica", .kind = kind_absent, .offset = AT(replica), .initial = "",
     .text = "Empty; for a read-only PostgreSQL, which is not built in yet"},
    {.name = "bus", .kind = kind_absent, .offset = AT(bus), .initial = "",
     .text = "Empty; for several nodes on one database, which are not built in yet"},
    {.name = "read_consistency", .kind = kind_choice, .offset = AT(read_consistency), .initial = "strong",
     .choices = "strong|local",
     .text = "What reads of several nodes on one database may miss; a server of its own always reads its "
             "last write"},
    {.name = "oidc_issuer", .kind = kind_absent, .offset = AT(oidc_issuer), .initial = "",
     .text = "Empty; for the dashboard's sign-in, which is not built in yet"},
    {.name = "oidc_client_id", .kind = kind_absent, .offset = AT(oidc_client_id), .initial = "",
     .text = "Empty; for the dashboard's sign-in, which is not built in yet"},
    {.name = "metrics_listen", .kind = kind_address, .offset = AT(metrics_listen), .initial = "",
     .text = "[address:]port for /metrics, /healthz and /readyz without a key; empty: /metrics on the main "
             "port, with X-Server-Key"},
    {.name = "log_level", .kind = kind_choice, .offset = AT(log_level), .initial = "info",
     .choices = "error|warn|info|debug", .reread = "the level",
     .text = "How much is logged"},
/* clang-format on */
#undef AT
};

enum { ROW_COUNT = sizeof rows / sizeof *rows };

enum source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_FLAG };

struct reading {
    struct settings *out;
    FILE *problems;
    const char *file;                         /* --config */
    int line;                                 /* of it, that is being read */
    const char *values[ROW_COUNT][PORTS_MAX]; /* last source that set it */
    int counts[ROW_COUNT];
    enum source sources[ROW_COUNT];
    int lines[ROW_COUNT]; /* SOURCE_FILE: where it stands */
    int bad;
};

static void complain(struct reading *reading, const char *name, const char *why)
{
    (void)fprintf(reading->problems, "milepost: %s: %s\n", name, why); /* nowhere else to say it */
    reading->bad++;
}

/* Of a line of the file. name NULL: the line as such is at fault. */
static void complain_of_line(struct reading *reading, int line, const char *name, const char *why)
{
    (void)fprintf(reading->problems, "milepost: %s:%d: %s%s%s\n", reading->file, line, name ? name : "",
                  name ? ": " : "", why); /* likewise */
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

/* An unknown name, with what may have been meant. */
static void complain_unknown(struct reading *reading, const char *said, const char *name, size_t size)
{
    struct nearest nearest = {.word = name, .size = size};
    char why[128] = "unknown setting";

    for (int i = 0; i < ROW_COUNT; i++)
        nearest_try(&nearest, rows[i].name);
    if (nearest.best)
        (void)snprintf(why, sizeof why, "unknown setting; did you mean %s?", nearest.best); /* fits */
    if (reading->line)
        complain_of_line(reading, reading->line, said, why);
    else
        complain(reading, said, why);
}

static void set(struct reading *reading, int row, enum source source, const char *value)
{
    if (reading->sources[row] != source) {
        reading->sources[row] = source;
        reading->counts[row] = 0;
    }
    reading->lines[row] = reading->line;
    if (rows[row].kind != kind_ports)
        reading->counts[row] = 0;
    if (reading->counts[row] < PORTS_MAX)
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
        complain_unknown(reading, name, name, strlen(name));
    else
        set(reading, row, SOURCE_FILE, keep_text(reading->out, value));
    return 1;
}

/* The next line for inih, which asks for one at a time: so each is known by its number. */
struct lines {
    FILE *file;
    struct reading *reading;
};

static char *next_line(char *line, int room, void *arg)
{
    struct lines *lines = arg;
    struct reading *reading = lines->reading;
    char whole[4096];

    if (!fgets(whole, sizeof whole, lines->file))
        return NULL;
    reading->line++;
    if (whole[0] != ';' && whole[0] != '#' && (strlen(whole) > LINE_MAX_BYTES || strstr(whole, " ;"))) {
        complain_of_line(reading, reading->line, NULL, "too long, or holds \" ;\"");
        whole[0] = '\n', whole[1] = '\0';
    }
    (void)snprintf(line, (size_t)room, "%s", whole); /* a comment may be cut */
    return line;
}

static void read_file(struct reading *reading, const char *path)
{
    struct lines lines = {fopen(path, "r"), reading};

    if (!lines.file) {
        char why[256];
        (void)snprintf(why, sizeof why, "%s cannot be read: %s", path, strerror(errno)); /* cut is fine */
        complain(reading, "config", why);
        return;
    }
    reading->file = path;
    int wrong = ini_parse_stream(next_line, &lines, take_line, reading);
    reading->line = 0;
    if (wrong > 0)
        complain_of_line(reading, wrong, NULL, "is neither \"name = value\" nor a comment");
    else if (wrong < 0)
        complain(reading, "config", "out of memory");
    (void)fclose(lines.file); /* only read */
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
            complain_unknown(reading, name, *each + 9, (size_t)(equals - *each - 9));
        else
            set(reading, row, SOURCE_ENVIRONMENT, equals + 1);
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
        bool is_switch = row >= 0 && rows[row].kind == kind_switch; /* bare --mock-data, as in the document */
        bool has_next = i + 1 < argc && !(is_switch && strncmp(argv[i + 1], "--", 2) == 0);
        const char *value = equals ? equals + 1 : has_next ? argv[++i] : is_switch ? "on" : NULL;
        if (size == 6 && strncmp(flag + 2, "config", 6) == 0 && value)
            *out_config = value;
        else if (row < 0)
            complain_unknown(reading, flag, flag + 2, size);
        else if (!value)
            complain(reading, flag, "needs a value");
        else
            set(reading, row, SOURCE_FLAG, value);
    }
}

/* What a value may be: "off|on", "0 to 256 threads", "" when there is nothing to say. */
static void print_range(FILE *out, const struct setting *row)
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

/* Names the setting by where it came from, and what it may be. */
static void complain_of_value(struct reading *reading, int row, const char *wrong)
{
    const char *name = rows[row].name;
    FILE *out = reading->problems;

    if (reading->sources[row] == SOURCE_FILE)
        (void)fprintf(out, "milepost: %s:%d: %s: %s", reading->file, reading->lines[row], name, wrong);
    else
        (void)fprintf(out, "milepost: %s%s: %s", name,
                      reading->sources[row] == SOURCE_ENVIRONMENT ? " (from the environment)" : "",
                      wrong); /* nowhere else to say it */
    if (rows[row].choices || rows[row].high) {
        (void)fputc(' ', out); /* likewise */
        print_range(out, &rows[row]);
    }
    (void)fputc('\n', out); /* likewise */
    reading->bad++;
}

static void apply(struct reading *reading, int row)
{
    void *field = (char *)reading->out + rows[row].offset;
    int count = reading->counts[row];

    for (int i = 0; i == 0 || i < count; i++) {
        const char *wrong =
            rows[row].kind(&rows[row], count ? reading->values[row][i] : rows[row].initial, field);
        if (wrong)
            complain_of_value(reading, row, wrong);
    }
}

enum rc settings_read(struct settings *out, int argc, char **argv, int first, FILE *problems)
{
    struct reading reading = {.out = out, .problems = problems};
    const char *config = NULL;

    *out = (struct settings){.ports = {.count = 0}};
    struct reading flags = {.out = out, .problems = problems};
    read_flags(&flags, argc, argv, first, &config);
    if (config)
        read_file(&reading, config);
    read_environment(&reading);
    reading.bad += flags.bad;
    for (int i = 0; i < ROW_COUNT; i++)
        for (int k = 0; k < flags.counts[i]; k++)
            set(&reading, i, SOURCE_FLAG, flags.values[i][k]);
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
    for (const struct setting *row = rows; row < rows + ROW_COUNT; row++) {
        (void)fprintf(out, "  --%-22s %s", row->name, row->text); /* likewise */
        if (row->choices || row->high) {
            (void)fprintf(out, " ("); /* likewise */
            print_range(out, row);
            (void)fprintf(out, ")"); /* likewise */
        }
        (void)fprintf(out, " [%s]\n", *row->initial ? row->initial : "empty"); /* likewise */
    }
}

void settings_markdown(FILE *out)
{
    (void)fprintf(out, "| setting | default | range | SIGHUP reads again | what |\n|---|---|---|---|---|\n");
    for (const struct setting *row = rows; row < rows + ROW_COUNT; row++) {
        char *range = NULL;
        size_t size;
        FILE *text = open_memstream(&range, &size);
        if (text) {
            print_range(text, row);
            (void)fclose(text); /* a short range: out of memory, in a command for documents */
        }
        (void)fprintf(out, "| `%s` | `%s` | ", row->name, *row->initial ? row->initial : "(empty)");
        for (const char *at = range; at && *at; at++)
            (void)fprintf(out, "%s%c", *at == '|' ? "\\" : "", *at); /* to a file the caller checks */
        free(range);
        (void)fprintf(out, " | %s | %s |\n", row->reread ? row->reread : "", row->text); /* likewise */
    }
}
