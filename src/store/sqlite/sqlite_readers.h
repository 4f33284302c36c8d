#pragma once

#include "store/sqlite/sqlite_private.h"

/* The readers' connections, and what is asked through them. */

enum { SQLITE_PAGE_ROWS = 256, SQLITE_PAGE_BYTES = 256 << 10 };

#define SQLITE_EVENT_COLUMNS "SELECT sequence, learner, kind, at_ms, crc, body FROM event "
#define SQLITE_LOG_COLUMNS "SELECT log_id, learner, date_ms, created_ms, updated_ms, members FROM log_entry "

/* What each of enum read_statement asks. */
extern const char *const sqlite_read_sql[READ_COUNT];

/* Opens the readers' connections to events.db and checkpoint.db. Errors: as sqlite_fail; sqlite_readers_close
 * closes what was opened. */
MUST_CHECK enum rc sqlite_readers_open(struct store *store, struct fault *fault);

/* Opens the readers' connections to checkpoint.db, while nothing is lent. Errors: as sqlite_fail. */
MUST_CHECK enum rc sqlite_readers_open_checkpoint(struct store *store, struct fault *fault);

/* One reader, with the owner's own connections: for a store opened to read. */
void sqlite_readers_share(struct store *store);

/* Closes the readers' connections to checkpoint.db with their statements, as before it is replaced. Nothing
 * is lent. */
void sqlite_readers_close_checkpoint(struct store *store);

/* Lends nothing more and waits a moment until all are back. False: one is out for longer.
 * sqlite_readers_go_on is owed after it, whatever it says. */
MUST_CHECK bool sqlite_readers_pause(struct store *store);

/* Ends what sqlite_readers_pause began: connections are lent again. */
void sqlite_readers_go_on(struct store *store);

/* Closes all of them. Nobody reads any more. */
void sqlite_readers_close(struct store *store);

/* Lends a connection; waits while all are lent: for a page at most. */
struct sqlite_reader *sqlite_lend(struct store *store);

/* Gives a lent connection back; whoever waits for one goes on. */
void sqlite_give_back(struct store *store, struct sqlite_reader *reader);

/* Holds a file in one read transaction while rows of it are looked up one by one, for a page at most: each
 * statement on its own would lock the file and look for a newer state of it. True: sqlite_view_end is owed.
 * False: it is held already, or cannot be; the rows are read all the same. */
bool sqlite_view_begin(sqlite3 *db);

/* Ends it, if it was begun. */
void sqlite_view_end(sqlite3 *db, bool begun);

/* The statement, prepared on first use. NULL: it cannot be. */
sqlite3_stmt *sqlite_prepared(struct sqlite_reader *reader, enum read_statement which);

/* Asks one of them through a lent connection; numbers: bound in order. A visitor of rows must not ask again:
 * it holds the connection. */
MUST_CHECK enum rc sqlite_ask(struct store *store, enum read_statement which, const int64_t *numbers,
                              enum rc (*row)(void *arg, sqlite3_stmt *row, struct fault *fault), void *arg,
                              struct fault *fault);
