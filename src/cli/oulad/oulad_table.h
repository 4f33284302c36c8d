#pragma once

#include <stdio.h>

#include <openssl/evp.h>

#include "cli/oulad/oulad.h"

/* One file of the dataset as rows of texts: RFC 4180, plain or gzip, its columns found by the header's names.
 * Private to oulad*.c. */

enum { OULAD_COLUMNS_MAX = 24, OULAD_FIELD_MAX = 128, OULAD_PROBLEMS_MAX = 20 };

/* One kind of file: what its name begins with, the columns that are asked for, what takes a row. */
struct table;
struct oulad_file_kind {
    const char *prefix;
    const char *const *columns; /* NULL-terminated, by header name */
    void (*take)(struct table *table);
};

/* One file being read: the columns asked for, by header name, and the row under way. */
struct table {
    struct oulad *oulad;
    FILE *problems;
    const char *file;
    const char *const *wanted;    /* NULL-terminated */
    int place[OULAD_COLUMNS_MAX]; /* column -> index into wanted, -1 */
    char values[OULAD_COLUMNS_MAX][OULAD_FIELD_MAX];
    int column;
    unsigned long line;
    uint32_t row;
    int width; /* fields per line, by the header */
    bool in_header, too_long;
    void (*take)(struct table *table);
    EVP_MD_CTX **digests; /* one per course */
    int bad;
};

/* Writes file:line: why, for the first OULAD_PROBLEMS_MAX of them, and counts it. */
void oulad_complain(struct table *table, const char *why);

/* A copy of the text that lives as long as the dataset. Aborts when out of memory: nothing is imported yet.
 */
const char *oulad_keep(struct table *table, const char *text);

/* Reads all files of a directory that are of the kind; complains when there is none. progress may be NULL. */
void oulad_read_kind(struct table *table, const char *directory, const struct oulad_file_kind *kind,
                     void (*progress)(const char *file));
