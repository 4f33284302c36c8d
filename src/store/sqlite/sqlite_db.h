#pragma once

#include "store/sqlite/sqlite_private.h"

/* What all files of the SQLite store do with a connection. */

/* Whether a code of SQLite's tells of what may go better later: full, busy, out of memory. */
bool sqlite_is_passing(int code);

/* The connection's last error. RC_BUSY: later may work. RC_INTERNAL: it will not. What SQLite says is for the
 * operator alone. */
enum rc sqlite_fail(sqlite3 *db, const char *what, struct fault *fault);

/* Runs SQL that gives no rows and takes no values, several statements perhaps. Errors: as sqlite_fail. */
enum rc sqlite_run(sqlite3 *db, const char *sql, struct fault *fault);

/* Prepares a list of statements; false: one of them cannot be. */
bool sqlite_prepare_all(sqlite3 *db, const char *const *sql, sqlite3_stmt **out, int count);

/* Runs a bound statement that gives no rows, and makes it ready again. */
bool sqlite_step_done(sqlite3_stmt *statement);

/* Binds one number and runs it. */
bool sqlite_bind_run(sqlite3_stmt *statement, int64_t number);

/* Runs a bound statement and hands each row on; makes it ready again. What row returns is as of a visitor
 * (store.h). NULL: it could not be prepared. */
MUST_CHECK enum rc sqlite_each_row(sqlite3_stmt *statement,
                                   enum rc (*row)(void *arg, sqlite3_stmt *row, struct fault *fault),
                                   void *arg, struct fault *fault);

/* The same of a query that is asked once; number: its ?1, if it has one. */
MUST_CHECK enum rc sqlite_walk(sqlite3 *db, const char *sql, int64_t number,
                               enum rc (*row)(void *arg, sqlite3_stmt *row, struct fault *fault), void *arg,
                               struct fault *fault);

/* Opens a database, hardened, with a busy time-out of 2 s. reader: it must be there, the connection is
 * query_only and checkpoints nothing when it is closed; else it is made when absent. Errors: as sqlite_fail;
 * *out_db is closed with the store. */
MUST_CHECK enum rc sqlite_open_file(const char *path, bool reader, sqlite3 **out_db, struct fault *fault);

/* A number of the meta table; -1: there is none. */
int64_t sqlite_meta_number(sqlite3 *db, const char *name);

/* The first column of a query's first row; -1: there is none, or the query failed. */
int64_t sqlite_one_number(sqlite3 *db, const char *sql);

/* A text of the meta table; "": there is none. */
void sqlite_meta_text(sqlite3 *db, const char *name, char *out, size_t size);

/* Removes a database file with its -wal, -shm and -journal; what is absent is fine. */
void sqlite_remove_file(const char *path);

/* Leaves no copy of what was deleted in the file's WAL. Waits so long for readers of other processes; our own
 * are out of the way. */
MUST_CHECK enum rc sqlite_scrub(sqlite3 *db, int wait_ms, struct fault *fault);
