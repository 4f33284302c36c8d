#pragma once

#include <pthread.h>

#include <sqlite3.h>

#include "store/store.h"

/* Private to the SQLite store: what its files share. Two files: events.db holds what is true, image.db what is
 * derived and may be thrown away. Per file one connection writes and checkpoints; readers are query_only and never
 * checkpoint. Source: design 4, R8. */

enum { SQLITE_PATH_BYTES = 4096 };

/* Each statement once. Order is that of enum statement. */
enum statement {
    ADD_LEARNER, ADD_COURSE, ADD_ITEM, ADD_EVENT, PUT_LOG, DROP_LOG, PUT_ANSWER, DROP_ANSWERS, PUT_LEDGER,
    SET_SEQUENCE, SET_RECORD_ID, SET_ENROLMENT_ID, SET_LOG_ID, BEGIN, COMMIT, ROLLBACK, WRITER_COUNT
};

enum image_statement { IMAGE_PUT_LEARNER, IMAGE_PUT_COURSE, IMAGE_PUT_ITEM, IMAGE_DROP_LEARNER, IMAGE_DROP_COURSE,
                       IMAGE_DROP_ITEM, IMAGE_SET, IMAGE_STATEMENT_COUNT };

struct store {
    int lock_fd;
    char events_path[SQLITE_PATH_BYTES], image_path[SQLITE_PATH_BYTES], store_id[64];
    int64_t generation;
    struct store_counters counters;
    uint64_t image_mark;
    sqlite3 *events, *image;
    sqlite3_stmt *writer[WRITER_COUNT], *image_writer[IMAGE_STATEMENT_COUNT];
    bool broken;                /* after an I/O error nothing is written any more: R9 */
    pthread_mutex_t reader_lock; /* guards the reading connection */
    sqlite3 *reader;
    char message[256]; /* the last operator's text */
};

/* RC_BUSY: later may work (full, busy, out of memory). RC_INTERNAL: it will not. The text is the operator's. */
enum rc sqlite_fail(struct store *store, sqlite3 *db, const char *what, struct fault *fault);

enum rc sqlite_run(struct store *store, sqlite3 *db, const char *sql, struct fault *fault);

/* Runs a bound statement that gives no rows, and makes it ready again. */
bool sqlite_step_done(sqlite3_stmt *statement);

/* image.db's statements; sqlite_image.c. */
extern const char *const sqlite_image_sql[IMAGE_STATEMENT_COUNT];
