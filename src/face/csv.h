#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "http/request.h"

/* Tables: RFC 4180, columns are the JSON members in order, nested as "enrollments.userId", lists as JSON
 * text. They are made from JSON as json_out writes it, read in place: no tree, no memory but the columns.
 * Source: contract 7. */

/* Whether the client prefers text/csv to application/json. */
bool csv_wanted(struct request *request);
#define CSV_TYPE "text/csv; charset=utf-8; header=present"

/* Answers 200 with what is in request->out, or, when the client accepts text/csv, with the list in it as a
 * table. list: names of the members that lead to it, separated by '/'. columns: the header of an empty list.
 * The last deed of a handler: a large table is made on a worker's thread. */
void face_reply_table(struct request *request, const char *list, const char *columns);

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
void csv_header(struct csv_columns *columns, struct buf *out, const char *if_empty);
void csv_row(struct csv_columns *columns, struct buf *out, const char *json, size_t size);
