#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

/* Tables: RFC 4180, columns are the JSON members in order, nested as "enrollments.userId", lists as JSON
 * text. They are made from JSON as json_out writes it, read in place: no tree, no memory but the columns.
 * Source: contract 7. */

/* One cell. is_text: a spreadsheet must not take it for a formula. */
void csv_cell(struct buf *out, const char *text, size_t size, bool is_text);

/* A long cell of JSON text, piece by piece: csv_quoted between two '"' that the caller writes. */
void csv_quoted(struct buf *out, const char *text, size_t size);

/* Rows that all have the same members: those of a JSON object as cells, or their names. An empty object has
 * no cell. */
void csv_members(struct buf *out, const char *json, size_t size, bool names);

/* Rows that have not: two passes. Each row is shown to csv_see, then the header is put, then each row again.
 */
struct csv_columns;
struct csv_columns *csv_columns_new(struct arena *arena); /* NULL: out of memory */
/* Errors: RC_INVALID, past LIMIT_CSV_COLUMNS; RC_BUSY. */
MUST_CHECK enum rc csv_see(struct csv_columns *columns, const char *json, size_t size, struct fault *fault);

/* Puts the header line: every column seen, or if_empty when no row was shown. */
void csv_header(struct csv_columns *columns, struct buf *out, const char *if_empty);

/* Puts a line of one row that csv_see was shown: a cell for every column. */
void csv_row(struct csv_columns *columns, struct buf *out, const char *json, size_t size);
