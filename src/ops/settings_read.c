#include "ops/settings_read.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ini.h>

#include "ops/nearest.h"

extern char **environ;

/* inih cuts a line at 199 bytes and a value at " ;", and takes " #" into it: such a line is refused. */
enum { LINE_MAX_BYTES = 198, NAME_MAX_BYTES = 64 };

enum source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_FLAG };

struct reading {
    struct settings *out;
    FILE *problems;
    const char *file;                            /* --config */
    int line;                                    /* of it, that is being read */
    const char *values[SETTINGS_MAX][PORTS_MAX]; /* last source that set it */
    int counts[SETTINGS_MAX];
    enum source sources[SETTINGS_MAX];
    int lines[SETTINGS_MAX]; /* SOURCE_FILE: where it stands */
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
    for (int i = 0; i < settings_row_count; i++) {
        size_t k = 0;
        if (strlen(settings_rows[i].name) != size)
            continue;
        while (k < size &&
               (name[k] == '-' ? '_' : tolower((unsigned char)name[k])) == settings_rows[i].name[k])
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

    for (int i = 0; i < settings_row_count; i++)
        nearest_try(&nearest, settings_rows[i].name);
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
    if (settings_rows[row].kind != kind_ports)
        reading->counts[row] = 0;
    if (reading->counts[row] < PORTS_MAX)
        reading->values[row][reading->counts[row]++] = value;
    else
        complain(reading, settings_rows[row].name, "is given too often");
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

static const char *problem_of_line(const char *line)
{
    const char *start = line + strspn(line, " \t");

    if (*start == ';' || *start == '#')
        return NULL;
    if (strlen(line) > LINE_MAX_BYTES)
        return "is longer than 198 bytes";
    for (const char *at = start; *at; at++)
        if (isspace((unsigned char)*at) && (at[1] == ';' || at[1] == '#'))
            return "a comment is a line of its own: \" ;\" and \" #\" are in no value";
    return NULL;
}

static char *next_line(char *line, int room, void *arg)
{
    struct lines *lines = arg;
    struct reading *reading = lines->reading;
    char whole[4096];

    if (!fgets(whole, sizeof whole, lines->file))
        return NULL;
    reading->line++;
    const char *problem = problem_of_line(whole);
    if (problem) {
        complain_of_line(reading, reading->line, NULL, problem);
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
        bool is_switch =
            row >= 0 && settings_rows[row].kind == kind_switch; /* bare --mock-data, as in the document */
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

/* Names the setting by where it came from, and what it may be. */
static void complain_of_value(struct reading *reading, int row, const char *wrong)
{
    const char *name = settings_rows[row].name;
    FILE *out = reading->problems;

    if (reading->sources[row] == SOURCE_FILE)
        (void)fprintf(out, "milepost: %s:%d: %s: %s", reading->file, reading->lines[row], name, wrong);
    else
        (void)fprintf(out, "milepost: %s%s: %s", name,
                      reading->sources[row] == SOURCE_ENVIRONMENT ? " (from the environment)" : "",
                      wrong); /* nowhere else to say it */
    if (settings_rows[row].choices || settings_rows[row].high) {
        (void)fputc(' ', out); /* likewise */
        settings_print_range(out, &settings_rows[row]);
    }
    (void)fputc('\n', out); /* likewise */
    reading->bad++;
}

static void apply(struct reading *reading, int row)
{
    void *field = (char *)reading->out + settings_rows[row].offset;
    int count = reading->counts[row];

    reading->out->said[row] = count ? reading->values[row][count - 1] : settings_rows[row].initial;
    for (int i = 0; i == 0 || i < count; i++) {
        const char *wrong = settings_rows[row].kind(
            &settings_rows[row], count ? reading->values[row][i] : settings_rows[row].initial, field);
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
    for (int i = 0; i < settings_row_count; i++)
        for (int k = 0; k < flags.counts[i]; k++)
            set(&reading, i, SOURCE_FLAG, flags.values[i][k]);
    for (int i = 0; i < settings_row_count; i++)
        apply(&reading, i);
    if (out->threads == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        out->threads = cores > 0 ? cores : 1;
    }
    return reading.bad ? RC_INVALID : RC_OK;
}

bool settings_differ(const struct settings *a, const struct settings *b, int row)
{
    if (settings_rows[row].kind == kind_ports)
        return memcmp(&a->ports, &b->ports, sizeof a->ports) != 0;
    return strcmp(a->said[row], b->said[row]) != 0;
}

static size_t field_bytes(const struct setting *row)
{
    return row->kind == kind_choice   ? sizeof(int)
           : row->kind == kind_switch ? sizeof(bool)
           : row->kind == kind_number ? sizeof(int64_t)
                                      : sizeof(const char *);
}

void settings_take_live(struct settings *to, struct settings *from, void (*visit)(void *arg, int row),
                        void *arg)
{
    for (int row = 0; row < settings_row_count; row++) {
        const struct setting *setting = &settings_rows[row];
        if (!settings_differ(to, from, row))
            continue;
        visit(arg, row);
        if (setting->live) {
            memcpy((char *)to + setting->offset, (char *)from + setting->offset, field_bytes(setting));
            to->said[row] = from->said[row];
        }
    }
    struct settings_text **end = &from->texts;
    while (*end)
        end = &(*end)->next;
    *end = to->texts;
    to->texts = from->texts;
    from->texts = NULL;
}

void settings_done(struct settings *settings)
{
    for (struct settings_text *next; settings->texts; settings->texts = next) {
        next = settings->texts->next;
        free(settings->texts);
    }
}
