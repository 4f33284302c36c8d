#include "cli/oulad/oulad_table.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include <csv.h>
#include <zlib.h>

enum { CHUNK = 1 << 16 };

void oulad_complain(struct table *table, const char *why)
{
    if (table->bad++ >= OULAD_PROBLEMS_MAX)
        return;
    (void)fputs(table->file, table->problems); /* nowhere else to say it */
    if (table->line > 0)
        (void)fprintf(table->problems, ":%lu", table->line);
    (void)fprintf(table->problems, ": %s\n", why);
}

const char *oulad_keep(struct table *table, const char *text)
{
    const char *copy = arena_copy(&table->oulad->arena, text, strlen(text));
    if (!copy)
        abort();
    return copy;
}

static void on_field(void *text, size_t size, void *arg)
{
    struct table *table = arg;
    int column = table->column++;

    if (table->in_header) {
        for (int i = 0; column < OULAD_COLUMNS_MAX && table->wanted[i]; i++)
            if (strlen(table->wanted[i]) == size && memcmp(table->wanted[i], text, size) == 0)
                table->place[column] = i;
        return;
    }
    int place = column < OULAD_COLUMNS_MAX ? table->place[column] : -1;
    if (place < 0)
        return;
    table->too_long |= size >= OULAD_FIELD_MAX;
    if (size >= OULAD_FIELD_MAX)
        size = OULAD_FIELD_MAX - 1;
    if (size)
        memcpy(table->values[place], text, size);
    table->values[place][size] = '\0';
}

static bool header_is_whole(const struct table *table)
{
    for (int i = 0; table->wanted[i]; i++) {
        bool found = false;
        for (int column = 0; column < OULAD_COLUMNS_MAX; column++)
            found |= table->place[column] == i;
        if (!found)
            return false;
    }
    return true;
}

static void on_row(int end, void *arg)
{
    struct table *table = arg;
    int columns = table->column;

    (void)end;
    table->column = 0;
    table->line++;
    if (table->in_header) {
        table->in_header = false;
        if (!header_is_whole(table))
            oulad_complain(table, "the header lacks a column");
        table->width = columns;
        table->row = 0;
        return;
    }
    if (columns != table->width || table->too_long)
        oulad_complain(table, table->too_long ? "a field is too long"
                                              : "a line with more or fewer fields than the header");
    else
        table->take(table);
    table->too_long = false;
    table->row++;
}

/* Reads one file, plain or gzip. */
static void read_table(struct table *table, const char *directory, const char *name)
{
    char path[4096];
    char *chunk = malloc(CHUNK);
    struct csv_parser parser;

    (void)snprintf(path, sizeof path, "%s/%s", directory, name); /* a cut path does not open */
    gzFile file = gzopen(path, "rb");
    table->file = name;
    table->in_header = true;
    table->line = 0;
    table->column = 0;
    for (int i = 0; i < OULAD_COLUMNS_MAX; i++)
        table->place[i] = -1;
    if (!file || !chunk || csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        oulad_complain(table, "cannot be read");
        free(chunk);
        if (file)
            (void)gzclose(file); /* only read */
        return;
    }
    int size;
    while ((size = gzread(file, chunk, CHUNK)) > 0)
        if (csv_parse(&parser, chunk, (size_t)size, on_field, on_row, table) != (size_t)size) {
            table->line++;
            oulad_complain(table, csv_strerror(csv_error(&parser)));
            size = 0;
            break;
        }
    if (size < 0) {
        table->line++;
        oulad_complain(table, "the compressed data is damaged or cut off");
    } else if (csv_fini(&parser, on_field, on_row, table) != 0) {
        table->line++;
        oulad_complain(table, "the file ends inside a quoted field");
    }
    csv_free(&parser);
    free(chunk);
    (void)gzclose(file); /* only read */
}

/* The names of the directory's files that begin with prefix and end in .csv or .csv.gz, sorted. */
static int pick(const struct dirent *entry, const char *prefix)
{
    size_t size = strlen(entry->d_name), from = strlen(prefix);
    const char *name = entry->d_name;
    bool plain = size > 4 && strcmp(name + size - 4, ".csv") == 0;
    bool packed = size > 7 && strcmp(name + size - 7, ".csv.gz") == 0;
    return (plain || packed) && strncmp(name, prefix, from) == 0 && (name[from] == '.' || name[from] == '-');
}

void oulad_read_kind(struct table *table, const char *directory, const struct oulad_file_kind *kind,
                     void (*progress)(const char *file))
{
    struct dirent **names = NULL;
    int count = scandir(directory, &names, NULL, alphasort), found = 0;

    table->wanted = kind->columns;
    table->take = kind->take;
    for (int i = 0; i < count; i++) {
        if (pick(names[i], kind->prefix)) {
            if (progress)
                progress(names[i]->d_name);
            found++;
            read_table(table, directory, oulad_keep(table, names[i]->d_name));
        }
        free(names[i]);
    }
    free(names);
    if (found == 0) {
        table->file = kind->prefix;
        table->line = 0;
        oulad_complain(table, "no such file (.csv or .csv.gz) in the directory");
    }
}
