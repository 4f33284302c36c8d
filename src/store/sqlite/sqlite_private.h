#pragma once

#include <pthread.h>

#include <sqlite3.h>

#include "base/histogram.h"
#include "store/checkpoint.h"

/* Private to the SQLite store: what its files share. Two files: events.db holds what is true, checkpoint.db
 * what is derived and may be thrown away. Per file one connection writes and checkpoints; readers are
 * query_only and never checkpoint. Source: reliability R8; docs/decisions/0001. */

/* SQLITE_BUCKET_BITS: learner_event holds, per learner and run of 2^16 events, the low 16 bits of their
 * sequences. */
enum { SQLITE_PATH_BYTES = 4096, SQLITE_BUCKET_BITS = 16 };

/* What checkpoint.db holds and how; one of another layout is made again from the events. */
enum { CHECKPOINT_LAYOUT = 10 };

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
    SET_META,
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
    READ_MENTIONS_BACK,
    READ_ERASING,
    READ_EVENT_COUNT,
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

/* The methods of events.db's WAL with an xSync that is timed. The real ones: NULL, not looked up yet. */
struct sqlite_syncs {
    sqlite3_io_methods timed;
    const sqlite3_io_methods *real;
    struct histogram took_us; /* the owner adds, anybody reads */
};

struct store {
    int lock_fd;
    char directory[SQLITE_PATH_BYTES], events_path[SQLITE_PATH_BYTES], checkpoint_path[SQLITE_PATH_BYTES],
        store_id[64];
    int64_t generation;
    struct log *log; /* store.c's; NULL: opened to read */
    struct store_counters counters;
    struct log_turn copied; /* of a log elsewhere */
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
    struct sqlite_syncs syncs;
};
