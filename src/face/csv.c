#include "face/csv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Column names in order of first sight. */
struct columns {
    struct arena *arena;
    const char **names;
    size_t count, room;
};

static void add_column(struct columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(columns->names[i], name) == 0)
            return;
    if (columns->count == columns->room) {
        size_t room = columns->room ? columns->room * 2 : 32;
        const char **names = arena_alloc(columns->arena, room * sizeof *names);
        if (!names)
            return;
        if (columns->count)
            memcpy(names, columns->names, columns->count * sizeof *names);
        columns->names = names;
        columns->room = room;
    }
    columns->names[columns->count++] = name;
}

static void collect(struct columns *columns, const char *prefix, json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value) {
        const char *path = arena_printf(columns->arena, "%s%s", prefix, name);
        if (!path)
            continue;
        if (json_is_object(value)) {
            const char *deeper = arena_printf(columns->arena, "%s.", path);
            if (deeper)
                collect(columns, deeper, value);
        } else {
            add_column(columns, path);
        }
    }
}

/* A column that some rows have as null and others as an object ("enrollments") is told by its parts alone. */
static void drop_prefixes(struct columns *columns)
{
    size_t kept = 0;

    for (size_t i = 0; i < columns->count; i++) {
        size_t size = strlen(columns->names[i]);
        bool prefix = false;
        for (size_t k = 0; k < columns->count && !prefix; k++)
            prefix = strncmp(columns->names[k], columns->names[i], size) == 0 && columns->names[k][size] == '.';
        if (!prefix)
            columns->names[kept++] = columns->names[i];
    }
    columns->count = kept;
}

/* The value that "a.b.c" names; a member's own name may hold dots. */
static json_t *value_at(json_t *object, const char *path)
{
    json_t *value = json_object_get(object, path);
    const char *name;
    json_t *each;

    if (value)
        return value;
    json_object_foreach(object, name, each) {
        size_t size = strlen(name);
        if (json_is_object(each) && strncmp(path, name, size) == 0 && path[size] == '.' &&
            (value = value_at(each, path + size + 1)))
            return value;
    }
    return NULL;
}

/* Quoted when needed; a text that a spreadsheet would take for a formula gets a quote before it. */
static void put_cell(struct buf *out, const char *text, bool is_text)
{
    bool formula = is_text && *text && strchr("=+-@\t\r", *text);
    bool quoted = strpbrk(text, ",\"\r\n") != NULL;

    if (quoted)
        buf_char(out, '"');
    if (formula)
        buf_char(out, '\'');
    for (; *text; text++) {
        if (*text == '"')
            buf_char(out, '"');
        buf_char(out, *text);
    }
    if (quoted)
        buf_char(out, '"');
}

static void put_value(struct buf *out, const json_t *value)
{
    if (!value || json_is_null(value))
        return;
    if (json_is_string(value)) {
        put_cell(out, json_string_value(value), true);
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
    put_cell(out, text ? text : "", false);
    free(text);
}

static void put_table(struct buf *out, struct arena *arena, json_t *list, const char *columns_if_empty)
{
    struct columns columns = {.arena = arena};
    size_t index;
    json_t *row;

    json_array_foreach(list, index, row)
        collect(&columns, "", row);
    drop_prefixes(&columns);
    if (columns.count == 0)
        buf_text(out, columns_if_empty);
    for (size_t i = 0; i < columns.count; i++) {
        if (i)
            buf_char(out, ',');
        put_cell(out, columns.names[i], true);
    }
    buf_text(out, "\r\n");
    json_array_foreach(list, index, row) {
        for (size_t i = 0; i < columns.count; i++) {
            if (i)
                buf_char(out, ',');
            put_value(out, value_at(row, columns.names[i]));
        }
        buf_text(out, "\r\n");
    }
}

static json_t *follow(json_t *root, const char *path)
{
    char name[64];

    while (root && *path) {
        size_t size = strcspn(path, "/");
        if (size >= sizeof name)
            return NULL;
        memcpy(name, path, size);
        name[size] = '\0';
        root = json_object_get(root, name);
        path += size + (path[size] == '/');
    }
    return root;
}

void face_reply_table(struct request *request, const char *list, const char *columns)
{
    const char *accept = request_header(request, "Accept");
    const char *csv = accept ? strcasestr(accept, "text/csv") : NULL;
    const char *json = accept ? strcasestr(accept, "application/json") : NULL;

    if (!csv || (json && json < csv)) {
        request_reply(request, 200, "application/json");
        return;
    }
    json_auto_t *root = json_loadb(request->out.bytes, request->out.size, 0, NULL);
    buf_clear(&request->out);
    put_table(&request->out, &request->arena, follow(root, list), columns);
    request_reply(request, 200, "text/csv; charset=utf-8; header=present");
}
