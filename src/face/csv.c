#include "face/csv.h"

#include <string.h>

#include <xxhash.h>

#include "core/limits.h"
#include "face/json_scan.h"

enum {
    SLOTS = 2048,   /* a power of two, twice LIMIT_CSV_COLUMNS */
    DEPTH_MAX = 32, /* of objects in objects: contract 1, Errors */
};

_Static_assert(SLOTS >= 2 * LIMIT_CSV_COLUMNS, "an open table needs free slots");

struct column {
    const char *path; /* "a.b", names as in JSON text */
    uint32_t size;
    uint32_t depth, *objects; /* those it is in: how much of path names each; a name may have dots too */
    bool says, dropped;       /* says: some row has more than null there */
    const char *value;        /* of the row at hand; NULL: it has none */
    size_t value_size;
};

struct csv_columns {
    struct arena *arena;
    struct column at[LIMIT_CSV_COLUMNS];
    uint32_t count;
    uint16_t slots[SLOTS]; /* place in at, from 1 */
    bool too_many, no_memory;
};

/* ---- cells ---- */

void csv_quoted(struct buf *out, const char *text, size_t size)
{
    const char *end = text + size;

    for (const char *quote; text < end && (quote = memchr(text, '"', (size_t)(end - text)));
         text = quote + 1) {
        buf_add(out, text, (size_t)(quote - text) + 1);
        buf_char(out, '"');
    }
    buf_add(out, text, (size_t)(end - text));
}

void csv_cell(struct buf *out, const char *text, size_t size, bool is_text)
{
    bool formula = is_text && size && strchr("=+-@\t\r", *text), quoted = false;

    for (size_t i = 0; i < size && !quoted; i++)
        quoted = text[i] == ',' || text[i] == '"' || text[i] == '\r' || text[i] == '\n';
    if (quoted)
        buf_char(out, '"');
    if (formula)
        buf_char(out, '\'');
    csv_quoted(out, text, size);
    if (quoted)
        buf_char(out, '"');
}

static unsigned hex4(const char *at)
{
    unsigned value = 0;

    for (int i = 0; i < 4; i++)
        value = value * 16 + (unsigned)(at[i] <= '9' ? at[i] - '0' : (at[i] | 32) - 'a' + 10);
    return value;
}

static void put_utf8(struct buf *out, unsigned code)
{
    if (code < 0x80) {
        buf_char(out, (char)code);
        return;
    }
    if (code < 0x800) {
        buf_char(out, (char)(0xc0 | code >> 6));
    } else {
        if (code < 0x10000) {
            buf_char(out, (char)(0xe0 | code >> 12));
        } else {
            buf_char(out, (char)(0xf0 | code >> 18));
            buf_char(out, (char)(0x80 | (code >> 12 & 63)));
        }
        buf_char(out, (char)(0x80 | (code >> 6 & 63)));
    }
    buf_char(out, (char)(0x80 | (code & 63)));
}

/* What a JSON string says, between its quotes. */
static void unescape(struct buf *out, const char *at, const char *end)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";

    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        buf_add(out, at, (size_t)((escape ? escape : end) - at));
        if (!escape || escape + 1 >= end)
            return;
        at = escape + 2;
        const char *known = strchr(from, escape[1]);
        if (escape[1] == 'u' && at + 4 <= end) {
            unsigned code = hex4(at);
            at += 4;
            if ((code & 0xfc00) == 0xd800 && at + 6 <= end && at[0] == '\\' && at[1] == 'u') {
                code = 0x10000 + ((code & 0x3ff) << 10) + (hex4(at + 2) & 0x3ff);
                at += 6;
            }
            put_utf8(out, code);
        } else {
            buf_char(out, known ? to[known - from] : escape[1]);
        }
    }
}

static bool is_null(const char *value, size_t size)
{
    return size == 4 && memcmp(value, "null", 4) == 0;
}

/* Text of a JSON string's inside, or of any other value as it is. Null and absent: nothing. */
static void put_value(struct buf *out, const char *value, size_t size)
{
    struct buf text = {0};

    if (!value || is_null(value, size))
        return;
    if (*value != '"') {
        csv_cell(out, value, size, false);
        return;
    }
    if (!memchr(value, '\\', size)) {
        csv_cell(out, value + 1, size - 2, true);
        return;
    }
    unescape(&text, value + 1, value + size - 1);
    csv_cell(out, text.bytes ? text.bytes : "", text.size, true);
    out->failed |= text.failed;
    buf_done(&text);
}

static void put_name(struct buf *out, const char *path, size_t size)
{
    struct buf text = {0};

    unescape(&text, path, path + size);
    csv_cell(out, text.bytes ? text.bytes : "", text.size, true);
    out->failed |= text.failed;
    buf_done(&text);
}

/* ---- the members of a row, objects in it entered ---- */

struct walk {
    void (*cell)(void *arg, const struct walk *walk, const struct json_part *part);
    void *arg;
    struct buf path;
    uint32_t depth, objects[DEPTH_MAX]; /* as a column's */
};

static void walk_object(struct walk *walk, const char *json, size_t size)
{
    const char *at = json + 1, *end = json + size;
    size_t prefix = walk->path.size;
    struct json_part part;

    while (json_scan_next(&at, end, true, &part)) {
        buf_add(&walk->path, part.name, part.name_size);
        if (*part.value == '{' && walk->depth + 1 < DEPTH_MAX) {
            walk->objects[walk->depth++] = (uint32_t)walk->path.size;
            buf_char(&walk->path, '.');
            walk_object(walk, part.value, part.value_size);
            walk->depth--;
        } else if (!walk->path.failed) {
            walk->cell(walk->arg, walk, &part);
        }
        walk->path.size = prefix;
    }
}

static bool walk_row(const char *json, size_t size,
                     void (*cell)(void *arg, const struct walk *walk, const struct json_part *part),
                     void *arg)
{
    struct walk walk = {.cell = cell, .arg = arg};

    if (size && *json == '{')
        walk_object(&walk, json, size);
    buf_done(&walk.path);
    return !walk.path.failed;
}

struct flat {
    struct buf *out;
    bool names, comma;
};

static void flat_cell(void *arg, const struct walk *walk, const struct json_part *part)
{
    struct flat *flat = arg;

    if (flat->comma)
        buf_char(flat->out, ',');
    flat->comma = true;
    if (flat->names)
        put_name(flat->out, walk->path.bytes, walk->path.size);
    else
        put_value(flat->out, part->value, part->value_size);
}

void csv_members(struct buf *out, const char *json, size_t size, bool names)
{
    struct flat flat = {out, names, false};

    if (!walk_row(json, size, flat_cell, &flat))
        out->failed = true;
}

/* ---- columns by first sight ---- */

struct csv_columns *csv_columns_new(struct arena *arena)
{
    struct csv_columns *columns = arena_alloc(arena, sizeof *columns);

    if (columns)
        columns->arena = arena;
    return columns;
}

static uint16_t *slot_of(struct csv_columns *columns, const char *path, size_t size)
{
    for (size_t at = XXH3_64bits(path, size);; at++) {
        uint16_t *slot = &columns->slots[at % SLOTS];
        const struct column *column = *slot ? &columns->at[*slot - 1] : NULL;
        if (!column || (column->size == size && memcmp(column->path, path, size) == 0))
            return slot;
    }
}

static void see_cell(void *arg, const struct walk *walk, const struct json_part *part)
{
    struct csv_columns *columns = arg;
    uint16_t *slot = slot_of(columns, walk->path.bytes, walk->path.size);
    bool says = !is_null(part->value, part->value_size);

    if (*slot)
        columns->at[*slot - 1].says |= says;
    if (*slot || columns->too_many || columns->no_memory)
        return;
    columns->too_many = columns->count == LIMIT_CSV_COLUMNS;
    if (columns->too_many)
        return;
    const char *path = arena_copy(columns->arena, walk->path.bytes, walk->path.size);
    uint32_t *objects = arena_alloc(columns->arena, walk->depth * sizeof *objects + 1);
    columns->no_memory = !path || !objects;
    if (columns->no_memory)
        return;
    memcpy(objects, walk->objects, walk->depth * sizeof *objects);
    columns->at[columns->count++] = (struct column){.path = path,
                                                    .size = (uint32_t)walk->path.size,
                                                    .depth = walk->depth,
                                                    .objects = objects,
                                                    .says = says};
    *slot = (uint16_t)columns->count;
}

enum rc csv_see(struct csv_columns *columns, const char *json, size_t size, struct fault *fault)
{
    if (!walk_row(json, size, see_cell, columns) || columns->no_memory)
        return fault_no_memory(fault);
    if (columns->too_many)
        return fault_set(fault, RC_INVALID, "Accept",
                         "a table has at most 1,000 columns as CSV; ask for JSON");
    return RC_OK;
}

/* A column that some rows have as null and others as an object ("enrollments") is told by its parts alone. */
static void drop_objects(struct csv_columns *columns)
{
    for (uint32_t i = 0; i < columns->count; i++)
        for (uint32_t of = 0; of < columns->at[i].depth; of++) {
            uint16_t place = *slot_of(columns, columns->at[i].path, columns->at[i].objects[of]);
            if (place && !columns->at[place - 1].says)
                columns->at[place - 1].dropped = true;
        }
}

void csv_header(struct csv_columns *columns, struct buf *out, const char *if_empty)
{
    bool comma = false;

    drop_objects(columns);
    if (columns->count == 0)
        buf_text(out, if_empty);
    for (uint32_t i = 0; i < columns->count; i++) {
        if (columns->at[i].dropped)
            continue;
        if (comma)
            buf_char(out, ',');
        comma = true;
        put_name(out, columns->at[i].path, columns->at[i].size);
    }
    buf_text(out, "\r\n");
}

static void take_cell(void *arg, const struct walk *walk, const struct json_part *part)
{
    struct csv_columns *columns = arg;
    uint16_t place = *slot_of(columns, walk->path.bytes, walk->path.size);

    if (place && !columns->at[place - 1].value) {
        columns->at[place - 1].value = part->value;
        columns->at[place - 1].value_size = part->value_size;
    }
}

void csv_row(struct csv_columns *columns, struct buf *out, const char *json, size_t size)
{
    bool comma = false;

    for (uint32_t i = 0; i < columns->count; i++)
        columns->at[i].value = NULL;
    if (!walk_row(json, size, take_cell, columns))
        out->failed = true;
    for (uint32_t i = 0; i < columns->count; i++) {
        if (columns->at[i].dropped)
            continue;
        if (comma)
            buf_char(out, ',');
        comma = true;
        put_value(out, columns->at[i].value, columns->at[i].value_size);
    }
    buf_text(out, "\r\n");
}
