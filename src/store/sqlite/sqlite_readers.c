#include "store/sqlite/sqlite_readers.h"

#include "base/monotonic.h"
#include "store/sqlite/sqlite_db.h"

/* What is read. By the owner of the event file: at a start, and what its thread looks up between two commits.
 * By everybody else: through a few connections, each lent for a page of rows. What a page holds is copied,
 * the connection given back, and only then is it visited: however long one walk is, nobody waits for more
 * than a page of it, and no reader keeps the file's log from being emptied. */

const char *const sqlite_read_sql[READ_COUNT] = {
    [READ_EVENT] = SQLITE_EVENT_COLUMNS "WHERE sequence = ?1",
    [READ_EVENTS] = SQLITE_EVENT_COLUMNS "WHERE sequence > ?1 AND sequence <= ?2 ORDER BY sequence LIMIT ?3",
    [READ_ANSWER] = "SELECT key, fingerprint, at_ms, status, etag, body, caller FROM answer WHERE key = ?1",
    [READ_MENTIONS] =
        "SELECT bucket, offsets FROM mention WHERE who = ?1 AND bucket >= ?2 ORDER BY bucket LIMIT 1",
    [READ_MENTIONS_BACK] =
        "SELECT bucket, offsets FROM mention WHERE who = ?1 AND bucket <= ?2 ORDER BY bucket DESC LIMIT 1",
    [READ_ERASING] = "SELECT id FROM erasing",
    [READ_LEDGER] = "SELECT value FROM ledger WHERE name = ?1",
    [READ_LOGS] = SQLITE_LOG_COLUMNS
    "WHERE learner = ?1 AND gone = 0 AND date_ms >= ?2 AND (date_ms, log_id) < (?3, ?4)"
    " ORDER BY date_ms DESC, log_id DESC LIMIT ?5",
    [READ_ALL_LOGS] = SQLITE_LOG_COLUMNS "WHERE gone = 0 AND (learner, date_ms, log_id) > (?1, ?2, ?3)"
                                         " ORDER BY learner, date_ms, log_id LIMIT ?4",
    [READ_LOG] = "SELECT log_id, learner, date_ms, created_ms, updated_ms, members, gone FROM log_entry "
                 "WHERE log_id = ?1",
    [READ_LOG_OWNER] = "SELECT learner FROM log_entry WHERE log_id = ?1",
    [READ_LAST_BUCKET] = "SELECT max(bucket) FROM learner_event",
    [READ_EVENT_COUNT] = "SELECT count(*) FROM event WHERE sequence > ?1 AND sequence <= ?2",
    [READ_BUCKET] = "SELECT offsets FROM learner_event WHERE bucket = ?1 AND learner = ?2",
};

static bool reads_checkpoint(enum read_statement which)
{
    return which == READ_LAST_BUCKET || which == READ_BUCKET || which == READ_MENTIONS ||
           which == READ_MENTIONS_BACK;
}

/* ---- the readers' connections ---- */

enum rc sqlite_readers_open_checkpoint(struct store *store, struct fault *fault)
{
    enum rc rc = RC_OK;

    for (int i = 0; rc == RC_OK && i < SQLITE_READERS; i++) {
        rc = sqlite_open_file(store->checkpoint_path, true, &store->readers[i].checkpoint, fault);
        if (rc == RC_OK)
            rc = sqlite_run(store->readers[i].checkpoint, "PRAGMA cache_size=-256;", fault);
    }
    return rc;
}

enum rc sqlite_readers_open(struct store *store, struct fault *fault)
{
    enum rc rc = RC_OK;

    for (int i = 0; rc == RC_OK && i < SQLITE_READERS; i++) {
        struct sqlite_reader *reader = &store->readers[i];
        rc = sqlite_open_file(store->events_path, true, &reader->events, fault);
        if (rc == RC_OK)
            rc = sqlite_run(reader->events, "PRAGMA cache_size=-512;", fault);
        reader->next = store->idle;
        store->idle = reader;
    }
    return rc == RC_OK ? sqlite_readers_open_checkpoint(store, fault) : rc;
}

void sqlite_readers_share(struct store *store)
{
    store->readers[0].events = store->events;
    store->readers[0].checkpoint = store->checkpoint;
    store->readers[0].shared = true;
    store->idle = &store->readers[0];
}

static void forget_statements(struct sqlite_reader *reader, bool of_checkpoint)
{
    for (int i = 0; i < READ_COUNT; i++)
        if (reads_checkpoint((enum read_statement)i) == of_checkpoint) {
            (void)sqlite3_finalize(reader->statements[i]); /* nothing runs */
            reader->statements[i] = NULL;
        }
}

void sqlite_readers_close_checkpoint(struct store *store)
{
    for (int i = 0; i < SQLITE_READERS; i++) {
        struct sqlite_reader *reader = &store->readers[i];
        forget_statements(reader, true);
        if (!reader->shared)
            (void)sqlite3_close(reader->checkpoint); /* it only read */
        reader->checkpoint = NULL;
    }
}

void sqlite_readers_close(struct store *store)
{
    sqlite_readers_close_checkpoint(store);
    for (int i = 0; i < SQLITE_READERS; i++) {
        struct sqlite_reader *reader = &store->readers[i];
        forget_statements(reader, false);
        if (!reader->shared)
            (void)sqlite3_close(reader->events); /* it only read */
        reader->events = NULL;
    }
    store->idle = NULL;
}

/* Lends a connection; waits while all are lent: for a page at most. */
struct sqlite_reader *sqlite_lend(struct store *store)
{
    (void)pthread_mutex_lock(&store->reader_lock); /* cannot fail: not held */
    while (!store->idle || store->paused)
        (void)pthread_cond_wait(&store->reader_back, &store->reader_lock); /* cannot fail */
    struct sqlite_reader *reader = store->idle;
    store->idle = reader->next;
    (void)pthread_mutex_unlock(&store->reader_lock); /* held above */
    return reader;
}

void sqlite_give_back(struct store *store, struct sqlite_reader *reader)
{
    (void)pthread_mutex_lock(&store->reader_lock); /* cannot fail: not held */
    reader->next = store->idle;
    store->idle = reader;
    (void)pthread_cond_broadcast(&store->reader_back); /* cannot fail; who pauses them waits here too */
    (void)pthread_mutex_unlock(&store->reader_lock);   /* held above */
}

static bool all_are_back(const struct store *store)
{
    int count = 0;

    for (const struct sqlite_reader *reader = store->idle; reader; reader = reader->next)
        count++;
    return count == SQLITE_READERS || store->readers[0].shared || !store->readers[0].events;
}

bool sqlite_readers_pause(struct store *store)
{
    enum { PAGE_MS = 20 }; /* a page takes a fraction of it */
    bool in_time = true;

    (void)pthread_mutex_lock(&store->reader_lock); /* cannot fail: not held */
    store->paused = true;
    while (!all_are_back(store) && in_time)
        in_time = monotonic_wait(&store->reader_back, &store->reader_lock, PAGE_MS);
    bool back = all_are_back(store);
    (void)pthread_mutex_unlock(&store->reader_lock); /* held above */
    return back;
}

void sqlite_readers_go_on(struct store *store)
{
    (void)pthread_mutex_lock(&store->reader_lock); /* cannot fail: not held */
    store->paused = false;
    (void)pthread_cond_broadcast(&store->reader_back); /* cannot fail */
    (void)pthread_mutex_unlock(&store->reader_lock);   /* held above */
}

bool sqlite_view_begin(sqlite3 *db)
{
    return sqlite3_get_autocommit(db) && sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
}

void sqlite_view_end(sqlite3 *db, bool begun)
{
    if (begun)
        (void)sqlite3_exec(db, "COMMIT", NULL, NULL, NULL); /* it only read */
}

/* The statement, prepared on first use. NULL: it cannot be. */
sqlite3_stmt *sqlite_prepared(struct sqlite_reader *reader, enum read_statement which)
{
    sqlite3 *db = reads_checkpoint(which) ? reader->checkpoint : reader->events;

    if (!reader->statements[which])
        (void)sqlite3_prepare_v3(db, sqlite_read_sql[which], -1, SQLITE_PREPARE_PERSISTENT,
                                 &reader->statements[which], NULL); /* NULL says it */
    return reader->statements[which];
}

enum rc sqlite_ask(struct store *store, enum read_statement which, const int64_t *numbers,
                   enum rc (*row)(void *arg, sqlite3_stmt *row, struct fault *fault), void *arg,
                   struct fault *fault)
{
    struct sqlite_reader *reader = sqlite_lend(store);
    sqlite3_stmt *statement = sqlite_prepared(reader, which);

    for (int i = 0, count = sqlite3_bind_parameter_count(statement); i < count; i++)
        (void)sqlite3_bind_int64(statement, i + 1, numbers[i]); /* indexes are right by construction */
    enum rc rc = sqlite_each_row(statement, row, arg, fault);
    sqlite_give_back(store, reader);
    return rc;
}
