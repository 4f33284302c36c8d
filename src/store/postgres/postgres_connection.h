#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "base/fault.h"

/* One connection to a server, with prepared statements in pipeline mode and a deadline for each wait: libpq's
 * own calls would wait for as long as the server likes. Private to the PostgreSQL log. One thread at a time.
 */

/* Each statement once; postgres_statements.c has their texts, in this order. */
enum pg_statement {
    PG_BEGIN,
    PG_COMMIT,
    PG_ROLLBACK,
    PG_LOCK,
    PG_PAGE,
    PG_HEAD,
    PG_HOLDS,
    PG_SETTLE,
    PG_INSERT,
    PG_FILL,
    PG_NOTE_NAMED,
    PG_NOTIFY,
    PG_ROWS_OF,
    PG_IS_NAMED,
    PG_ERASED,
    PG_NAMED,
    PG_UNNAME,
    PG_REWRITE,
    PG_PROBE,
    PG_FREE_LOCK,
    PG_OFFER,
    PG_REPLACE,
    PG_SHARED,
    PG_LEAVE,
    PG_CLAIM,
    PG_STATEMENT_COUNT
};

extern const char *const pg_statement_texts[PG_STATEMENT_COUNT];

enum { PG_ARGUMENTS_MAX = 12 };

/* What a statement is given, in binary; bytes are borrowed until it was sent. */
struct pg_arguments {
    int count;
    const char *values[PG_ARGUMENTS_MAX];
    int sizes[PG_ARGUMENTS_MAX];
    uint64_t numbers[PG_ARGUMENTS_MAX]; /* in the order of the wire */
};

/* Appends an int8. */
void pg_argument_8(struct pg_arguments *arguments, int64_t value);

/* Appends an int4. */
void pg_argument_4(struct pg_arguments *arguments, int32_t value);

/* Appends bytes, which are borrowed. */
void pg_argument_bytes(struct pg_arguments *arguments, const void *bytes, size_t size);

struct pg_connection {
    PGconn *conn;     /* NULL: there is none */
    bool warned;      /* the server said a warning since it was set to false */
    int64_t tried_ms; /* monotonic, the last try to connect that failed */
    char failed[120]; /* what it said; "": it did not fail */
};

/* Whether the text is one that libpq reads as a place. */
bool pg_is_place(const char *url);

/* Connects, unless it is; sets the session, and with `statements` prepares them all. RC_BUSY: it cannot be
 * reached now, or was tried a moment ago. RC_INVALID: it is there and does not let this program in. */
MUST_CHECK enum rc pg_connect(struct pg_connection *connection, const char *url, bool statements,
                              int64_t wait_ms, struct fault *fault);

/* Fine for one that is not connected. */
void pg_disconnect(struct pg_connection *connection);

/* Appends a statement to what is sent; false: the connection is lost. arguments NULL: none. */
bool pg_send(struct pg_connection *connection, enum pg_statement statement,
             const struct pg_arguments *arguments);

/* Sends what was appended, and takes a result for each of those statements, in order; NULL for what was not
 * answered. The caller clears them (pg_clear). False: the connection is lost, or the time over, and it is
 * closed. */
bool pg_take(struct pg_connection *connection, int64_t until_ms, PGresult **out_results, int count);

/* Frees results; NULL are fine. */
void pg_clear(PGresult **results, int count);

/* Whether all went well. False: *out_state is the SQLSTATE of what did not, or "". */
bool pg_all_well(PGresult *const *results, int count, const char **out_state);

/* What the first that failed says, for the operator: no value that a client sent is in it. */
const char *pg_why(PGresult *const *results, int count);

/* ---- columns of a row in binary ---- */

/* An int8; 0 for NULL. */
int64_t pg_get_8(const PGresult *result, int row, int column);

/* An int4; 0 for NULL. */
int32_t pg_get_4(const PGresult *result, int row, int column);

/* Borrowed from the result; *out_size 0 for NULL. */
const uint8_t *pg_get_bytes(const PGresult *result, int row, int column, size_t *out_size);

/* One statement without arguments as text, by itself, on a connection without statements. False: it failed,
 * and *out_result says how, or is NULL (the connection is lost). The caller clears it. */
bool pg_run(struct pg_connection *connection, const char *sql, int64_t until_ms, PGresult **out_result);
