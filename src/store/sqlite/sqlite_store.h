#pragma once

#include <pthread.h>

#include <sqlite3.h>

#include "store/store.h"

/* Private to the SQLite store: what its files share. Two files: events.db holds what is true, checkpoint.db
 * what is derived and may be thrown away. Per file one connection writes and checkpoints; readers are
 * query_only and never checkpoint. Source: reliability R8; docs/decisions/0001. */

/* SQLITE_BUCKET_BITS: learner_event holds, per learner and run of 2^16 events, the low 16 bits of their
 * sequences. */
enum { SQLITE_PATH_BYTES = 4096, SQLITE_BUCKET_BITS = 16 };

/* What checkpoint.db holds and how; one of another layout is made again from the events. */
enum { CHECKPOINT_LAYOUT = 6 };

/* Each statement once. Order is that of enum statement. */
enum statement {
    ADD_LEARNER,
    ADD_COURSE,
    ADD_ITEM,
    ADD_EVENT,
    PUT_LOG,
    DROP_LOG,
    DROP_LOGS,
    DROP_SOME_LOGS,
    PUT_LOG_TOTAL,
    PUT_ANSWER,
    NAME_ANSWER,
    DROP_ANSWERS,
    DROP_NAMES,
    PUT_LEDGER,
    SET_SEQUENCE,
    SET_RECORD_ID,
    SET_ENROLMENT_ID,
    SET_LOG_ID,
    ERASE_EVENT,
    REWRITE_EVENT,
    ERASE_LOGS,
    ERASE_GONE_LOGS,
    ERASE_LOG_TOTAL,
    ERASE_ANSWERS,
    ERASE_NAMES,
    NOTE_ERASING,
    END_ERASING,
    FORGET_LEARNER,
    FORGET_COURSE,
    FORGET_ITEM,
    BEGIN,
    COMMIT,
    ROLLBACK,
    WRITER_COUNT
};

enum checkpoint_statement {
    CHECKPOINT_PUT_LEARNER,
    CHECKPOINT_PUT_COURSE,
    CHECKPOINT_PUT_ITEM,
    CHECKPOINT_DROP_LEARNER,
    CHECKPOINT_DROP_COURSE,
    CHECKPOINT_DROP_ITEM,
    CHECKPOINT_SET,
    CHECKPOINT_ADD_EVENTS,
    CHECKPOINT_ADD_MENTIONS,
    CHECKPOINT_FORGET,
    CHECKPOINT_STATEMENT_COUNT
};

/* What readers ask; sqlite_readers.c. */
enum read_statement {
    READ_EVENT,
    READ_EVENTS,
    READ_ANSWER,
    READ_LEDGER,
    READ_LOGS,
    READ_ALL_LOGS,
    READ_LOG,
    READ_LOG_OWNER,
    READ_LAST_BUCKET,
    READ_BUCKET,
    READ_MENTIONS,
    READ_COUNT
};

/* Measured: with one, 5 of 8 event loops stood still for 2.5 s during an export. */
enum { SQLITE_READERS = 4 };

/* Connections to both files that only read, lent to one thread at a time for one page of rows. */
struct sqlite_reader {
    sqlite3 *events, *checkpoint;
    sqlite3_stmt *statements[READ_COUNT];
    bool shared;                /* the connections are the owner's */
    struct sqlite_reader *next; /* idle too */
};

struct store {
    int lock_fd;
    char directory[SQLITE_PATH_BYTES], events_path[SQLITE_PATH_BYTES], checkpoint_path[SQLITE_PATH_BYTES],
        store_id[64];
    int64_t generation;
    struct store_counters counters;
    uint64_t checkpoint_sequence;
    uint16_t checkpoint_threshold;
    sqlite3 *events, *checkpoint;
    sqlite3_stmt *writer[WRITER_COUNT], *checkpoint_writer[CHECKPOINT_STATEMENT_COUNT];
    bool broken;                 /* after an I/O error nothing is written any more: R9 */
    pthread_mutex_t reader_lock; /* guards idle, paused */
    bool paused;                 /* nothing is lent until sqlite_readers_go_on */
    pthread_cond_t reader_back;
    struct sqlite_reader readers[SQLITE_READERS], *idle;
    sqlite3_stmt *get_log; /* the owner's */
    char message[256];     /* the last operator's text, of the owner's connections */
};

/* RC_BUSY: later may work (full, busy, out of memory). RC_INTERNAL: it will not. The text is the operator's.
 */
enum rc sqlite_fail(struct store *store, sqlite3 *db, const char *what, struct fault *fault);

/* Runs SQL that gives no rows and takes no values, several statements perhaps. Errors: as sqlite_fail. */
enum rc sqlite_run(struct store *store, sqlite3 *db, const char *sql, struct fault *fault);

/* Runs a bound statement that gives no rows, and makes it ready again. */
bool sqlite_step_done(sqlite3_stmt *statement);

/* checkpoint.db's statements; sqlite_checkpoint.c. */
extern const char *const sqlite_checkpoint_sql[CHECKPOINT_STATEMENT_COUNT];

/* ---- the readers' connections; sqlite_readers.c ---- */

/* Opens the readers' connections to events.db and checkpoint.db. Errors: as sqlite_fail; sqlite_readers_close
 * closes what was opened. */
MUST_CHECK enum rc sqlite_readers_open(struct store *store, struct fault *fault);

/* Opens the readers' connections to checkpoint.db, while nothing is lent. Errors: as sqlite_fail. */
MUST_CHECK enum rc sqlite_readers_open_checkpoint(struct store *store, struct fault *fault);
/* one reader, with the owner's own: for a store opened to read */
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

/* The version of events.db's tables that this program reads and writes. */
enum { SQLITE_SCHEMA_VERSION = 4 };

/* Makes the tables, or brings those of an older version up to date; sqlite_schema.c. */
MUST_CHECK enum rc sqlite_bring_schema_up(struct store *store, struct fault *fault);

/* Whether a file's schema is, text by text, one that this program or one before it made as that version: no
 * table or index is missing, and nothing is there that could run. Source: reliability A172. */
bool sqlite_schema_is_ours(sqlite3 *db, int64_t version);

/* ---- opening, shared with sqlite_copies.c ---- */

/* A store of a directory with nothing open yet; sqlite_open_failed or store_close frees it. Errors: RC_BUSY,
 * out of memory; RC_INTERNAL, the path is too long. */
MUST_CHECK enum rc sqlite_store_new(const char *directory, struct store **out_store, struct fault *fault);

/* Opens a database, hardened, with a busy time-out of 2 s. reader: it must be there, the connection is
 * query_only and checkpoints nothing when it is closed; else it is made when absent. Errors: as sqlite_fail;
 * *out_db is closed with the store. */
MUST_CHECK enum rc sqlite_open_file(struct store *store, const char *path, bool reader, sqlite3 **out_db,
                                    struct fault *fault);

/* Takes the directory's lock until the store is closed. Errors: RC_CONFLICT, another process has it;
 * RC_INTERNAL, it cannot be opened. */
MUST_CHECK enum rc sqlite_take_lock(struct store *store, const char *directory, struct fault *fault);

/* Opens checkpoint.db of the present generation; one that is missing, damaged, of another layout or of
 * another store is made anew, empty. Errors: as sqlite_fail. */
MUST_CHECK enum rc sqlite_open_checkpoint(struct store *store, struct fault *fault);

/* Frees a store whose opening failed and returns rc, so that a refusal is one line; the fault's text outlives
 * the store. */
enum rc sqlite_open_failed(struct store *store, enum rc rc, struct fault *fault);

/* The path of a generation's checkpoint file. */
void sqlite_checkpoint_path(const struct store *store, int64_t generation, char out[SQLITE_PATH_BYTES]);

/* Closes the owner's connection to checkpoint.db with its statements. Fine when it is closed. */
void sqlite_close_checkpoint(struct store *store);
void sqlite_remove_file(const char *path); /* with its -wal, -shm, -journal */

/* A number of the meta table, or the first column of a query; -1: there is none. */
int64_t sqlite_meta_number(sqlite3 *db, const char *name);

/* The first column of a query's first row; -1: there is none, or the query failed. */
int64_t sqlite_one_number(sqlite3 *db, const char *sql);

/* The CRC-32 that lies beside an event: of its sequence, learner, kind, instant and body. */
uint32_t sqlite_event_crc(const struct stored_event *event);
