#include "store/sqlite/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <zlib.h>

enum { SCHEMA_VERSION = 1 };

static const char events_schema[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE learner(key INTEGER PRIMARY KEY, id TEXT NOT NULL);"
    "CREATE TABLE course(key INTEGER PRIMARY KEY, id TEXT NOT NULL);"
    "CREATE TABLE item(key INTEGER PRIMARY KEY, id TEXT NOT NULL);"
    "CREATE TABLE event(sequence INTEGER PRIMARY KEY, learner INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " at_ms INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL);"
    "CREATE TABLE log_entry(log_id INTEGER PRIMARY KEY, learner INTEGER NOT NULL, date_ms INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, members BLOB NOT NULL);"
    "CREATE INDEX log_entry_by_date ON log_entry(learner, date_ms, log_id);"
    "CREATE TABLE answer(key BLOB PRIMARY KEY, fingerprint BLOB NOT NULL, at_ms INTEGER NOT NULL,"
    " status INTEGER NOT NULL, etag TEXT NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX answer_by_age ON answer(at_ms);"
    "CREATE TABLE ledger(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "INSERT INTO meta VALUES('schema', 1), ('store', lower(hex(randomblob(16)))), ('generation', 1),"
    " ('record_id', 0), ('enrolment_id', 0), ('log_id', 0), ('sequence', 0);";

static const char image_schema[] =
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS course(key INTEGER PRIMARY KEY, body BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS item(key INTEGER PRIMARY KEY, body BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS learner(key INTEGER PRIMARY KEY, body BLOB NOT NULL);";

static const char *const writer_sql[WRITER_COUNT] = {
    [ADD_LEARNER] = "INSERT INTO learner(key, id) VALUES(?1, ?2)",
    [ADD_COURSE] = "INSERT INTO course(key, id) VALUES(?1, ?2)",
    [ADD_ITEM] = "INSERT INTO item(key, id) VALUES(?1, ?2)",
    [ADD_EVENT] = "INSERT INTO event(sequence, learner, kind, at_ms, crc, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [PUT_LOG] = "INSERT OR REPLACE INTO log_entry(log_id, learner, date_ms, created_ms, updated_ms, members)"
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [DROP_LOG] = "DELETE FROM log_entry WHERE log_id = ?1",
    [PUT_ANSWER] = "INSERT OR REPLACE INTO answer(key, fingerprint, at_ms, status, etag, body)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [DROP_ANSWERS] = "DELETE FROM answer WHERE at_ms < ?1",
    [PUT_LEDGER] = "INSERT OR REPLACE INTO ledger(name, value) VALUES(?1, ?2)",
    [SET_SEQUENCE] = "UPDATE meta SET value = ?1 WHERE name = 'sequence'",
    [SET_RECORD_ID] = "UPDATE meta SET value = ?1 WHERE name = 'record_id'",
    [SET_ENROLMENT_ID] = "UPDATE meta SET value = ?1 WHERE name = 'enrolment_id'",
    [SET_LOG_ID] = "UPDATE meta SET value = ?1 WHERE name = 'log_id'",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
};

enum rc sqlite_fail(struct store *store, sqlite3 *db, const char *what, struct fault *fault)
{
    int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    int primary = code & 0xff;

    (void)snprintf(store->message, sizeof store->message, "%s: %s", what, db ? sqlite3_errmsg(db) : "out of memory"); /* cut is fine */
    if (primary == SQLITE_FULL || primary == SQLITE_NOMEM || primary == SQLITE_BUSY)
        return fault_set(fault, RC_BUSY, NULL, store->message);
    return fault_set(fault, RC_INTERNAL, NULL, store->message);
}

enum rc sqlite_run(struct store *store, sqlite3 *db, const char *sql, struct fault *fault)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? RC_OK : sqlite_fail(store, db, "sql", fault);
}

static bool prepare_all(sqlite3 *db, const char *const *sql, sqlite3_stmt **out, int count)
{
    for (int i = 0; i < count; i++)
        if (sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &out[i], NULL) != SQLITE_OK)
            return false;
    return true;
}

bool sqlite_step_done(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);

    (void)sqlite3_reset(statement); /* repeats the code of the step */
    return code == SQLITE_DONE || code == SQLITE_ROW;
}

static bool bind_run(sqlite3_stmt *statement, int64_t number)
{
    (void)sqlite3_bind_int64(statement, 1, number); /* the index is right by construction */
    return sqlite_step_done(statement);
}

/* ---- opening ---- */

static enum rc take_lock(struct store *store, const char *directory, struct fault *fault)
{
    char path[SQLITE_PATH_BYTES];

    (void)snprintf(path, sizeof path, "%s/lock", directory); /* the caller bounded directory */
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0) {
        (void)snprintf(store->message, sizeof store->message, "cannot open the data directory's lock: %s",
                       strerror(errno));
        return fault_set(fault, RC_INTERNAL, NULL, store->message);
    }
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return fault_set(fault, RC_CONFLICT, NULL, "another milepost process is using this data directory");
    return RC_OK;
}

static enum rc open_file(struct store *store, const char *path, bool reader, sqlite3 **out_db,
                         struct fault *fault)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (reader ? 0 : SQLITE_OPEN_CREATE);
    int off = 0;

    if (sqlite3_open_v2(path, out_db, flags, NULL) != SQLITE_OK)
        return sqlite_fail(store, *out_db, "cannot open the database", fault);
    (void)sqlite3_busy_timeout(*out_db, 2000); /* cannot fail */
    (void)sqlite3_db_config(*out_db, SQLITE_DBCONFIG_DEFENSIVE, 1, &off); /* advisory hardening */
    (void)sqlite3_db_config(*out_db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, &off); /* likewise */
    if (reader) {
        (void)sqlite3_db_config(*out_db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, &off); /* R8 */
        return sqlite_run(store, *out_db, "PRAGMA query_only=1;", fault);
    }
    return RC_OK;
}

static int64_t meta_number(sqlite3 *db, const char *name)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;

    if (sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE name = ?1", -1, &statement, NULL) == SQLITE_OK) {
        (void)sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC); /* the index is right */
        if (sqlite3_step(statement) == SQLITE_ROW)
            value = sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return value;
}

static void meta_text(sqlite3 *db, const char *name, char *out, size_t size)
{
    sqlite3_stmt *statement = NULL;

    out[0] = '\0';
    if (sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE name = ?1", -1, &statement, NULL) == SQLITE_OK) {
        (void)sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC); /* the index is right */
        if (sqlite3_step(statement) == SQLITE_ROW)
            (void)snprintf(out, size, "%s", (const char *)sqlite3_column_text(statement, 0)); /* 32 bytes */
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
}

static int64_t one_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return value;
}

static enum rc open_events(struct store *store, struct fault *fault)
{
    enum rc rc = open_file(store, store->events_path, false, &store->events, fault);

    if (rc == RC_OK)
        rc = sqlite_run(store, store->events, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                     "PRAGMA cache_size=-16384; PRAGMA secure_delete=ON;", fault);
    if (rc != RC_OK)
        return rc;
    if (one_number(store->events, "SELECT count(*) FROM sqlite_master") == 0) {
        rc = sqlite_run(store, store->events, "BEGIN IMMEDIATE;", fault);
        if (rc == RC_OK)
            rc = sqlite_run(store, store->events, events_schema, fault);
        if (rc == RC_OK)
            rc = sqlite_run(store, store->events, "COMMIT;", fault);
        if (rc != RC_OK)
            return rc;
    }
    int64_t schema = meta_number(store->events, "schema");
    if (schema > SCHEMA_VERSION)
        return fault_set(fault, RC_INTERNAL, NULL, "the data was written by a newer milepost; use that version");
    if (schema < 1)
        return fault_set(fault, RC_INTERNAL, NULL, "events.db is damaged or not milepost's; restore a backup");
    meta_text(store->events, "store", store->store_id, sizeof store->store_id);
    store->generation = meta_number(store->events, "generation");
    int64_t last = one_number(store->events, "SELECT coalesce(max(sequence), 0) FROM event");
    int64_t given = meta_number(store->events, "sequence");
    store->counters = (struct store_counters){
        .sequence = (uint64_t)(last > given ? last : given),
        .log_id = (uint64_t)meta_number(store->events, "log_id"),
        .record_id = (uint32_t)meta_number(store->events, "record_id"),
        .enrolment_id = (uint32_t)meta_number(store->events, "enrolment_id"),
    };
    return prepare_all(store->events, writer_sql, store->writer, WRITER_COUNT)
               ? RC_OK : sqlite_fail(store, store->events, "events.db", fault);
}

/* An image of another store or generation, or one that is ahead of the events, is worth nothing. */
static enum rc check_image(struct store *store, struct fault *fault)
{
    char owner[64];

    meta_text(store->image, "store", owner, sizeof owner);
    int64_t mark = meta_number(store->image, "mark"), generation = meta_number(store->image, "generation");
    if (strcmp(owner, store->store_id) == 0 && generation == store->generation && mark >= 0 &&
        (uint64_t)mark <= store->counters.sequence) {
        store->image_mark = (uint64_t)mark;
        return RC_OK;
    }
    return store_image_discard(store, fault);
}

static enum rc open_image(struct store *store, struct fault *fault)
{
    static const char setup[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8192;"
                                "PRAGMA secure_delete=ON;";
    enum rc rc = open_file(store, store->image_path, false, &store->image, fault);

    if (rc == RC_OK)
        rc = sqlite_run(store, store->image, setup, fault);
    if (rc == RC_OK)
        rc = sqlite_run(store, store->image, image_schema, fault);
    if (rc == RC_INTERNAL) { /* damaged: it can be made again from the events */
        char path[SQLITE_PATH_BYTES + 8];
        (void)sqlite3_close(store->image); /* nothing is prepared on it */
        store->image = NULL;
        (void)unlink(store->image_path); /* the next open says if that failed */
        (void)snprintf(path, sizeof path, "%s-wal", store->image_path); /* fits */
        (void)unlink(path); /* may be absent */
        (void)snprintf(path, sizeof path, "%s-shm", store->image_path); /* fits */
        (void)unlink(path); /* may be absent */
        rc = open_file(store, store->image_path, false, &store->image, fault);
        if (rc == RC_OK)
            rc = sqlite_run(store, store->image, setup, fault);
        if (rc == RC_OK)
            rc = sqlite_run(store, store->image, image_schema, fault);
    }
    if (rc != RC_OK)
        return rc;
    if (!prepare_all(store->image, sqlite_image_sql, store->image_writer, IMAGE_STATEMENT_COUNT))
        return sqlite_fail(store, store->image, "image.db", fault);
    return check_image(store, fault);
}

enum rc store_open(const char *directory, struct store **out_store, struct fault *fault)
{
    static char last_message[256]; /* outlives a store that failed to open */
    struct store *store = calloc(1, sizeof *store);

    if (!store)
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    store->lock_fd = -1;
    (void)pthread_mutex_init(&store->reader_lock, NULL); /* default attributes cannot fail */
    if (strlen(directory) > SQLITE_PATH_BYTES - 32) {
        store_close(store);
        return fault_set(fault, RC_INTERNAL, NULL, "the data directory's path is too long");
    }
    (void)snprintf(store->events_path, sizeof store->events_path, "%s/events.db", directory); /* fits */
    (void)snprintf(store->image_path, sizeof store->image_path, "%s/image.db", directory);    /* fits */
    enum rc rc = take_lock(store, directory, fault);
    if (rc == RC_OK)
        rc = open_events(store, fault);
    if (rc == RC_OK)
        rc = open_image(store, fault);
    if (rc == RC_OK)
        rc = open_file(store, store->events_path, true, &store->reader, fault);
    if (rc == RC_OK) {
        *out_store = store;
        return RC_OK;
    }
    if (fault->message == store->message) {
        (void)snprintf(last_message, sizeof last_message, "%s", store->message); /* same size */
        fault->message = last_message;
    }
    store_close(store);
    return rc;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    (void)sqlite3_close(store->reader); /* readers go first: R8 */
    for (int i = 0; i < WRITER_COUNT; i++)
        (void)sqlite3_finalize(store->writer[i]); /* nothing runs */
    for (int i = 0; i < IMAGE_STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(store->image_writer[i]); /* nothing runs */
    (void)sqlite3_close(store->image);  /* checkpoints */
    (void)sqlite3_close(store->events); /* checkpoints */
    if (store->lock_fd >= 0)
        (void)close(store->lock_fd); /* gives the lock back */
    (void)pthread_mutex_destroy(&store->reader_lock); /* nobody holds it */
    free(store);
}

struct store_counters store_counters(const struct store *store)
{
    return store->counters;
}

/* ---- committing ---- */

static uint32_t event_crc(const struct stored_event *event)
{
    uint64_t head[4] = {event->sequence, event->learner, event->kind, (uint64_t)event->at_ms};
    uLong crc = crc32(0, (const Bytef *)head, sizeof head);
    return (uint32_t)crc32(crc, event->body, (uInt)event->body_size);
}

static bool add_event(struct store *store, const struct stored_event *event)
{
    sqlite3_stmt *add = store->writer[ADD_EVENT];

    (void)sqlite3_bind_int64(add, 1, (int64_t)event->sequence); /* indexes are right by construction */
    (void)sqlite3_bind_int64(add, 2, event->learner);
    (void)sqlite3_bind_int64(add, 3, event->kind);
    (void)sqlite3_bind_int64(add, 4, event->at_ms);
    (void)sqlite3_bind_int64(add, 5, event_crc(event));
    if (sqlite3_bind_blob64(add, 6, event->body, event->body_size, SQLITE_STATIC) != SQLITE_OK)
        return false;
    return sqlite_step_done(add);
}

static bool add_id(struct store *store, const struct store_id *id)
{
    sqlite3_stmt *add = store->writer[id->kind == STORE_LEARNER ? ADD_LEARNER
                                    : id->kind == STORE_COURSE  ? ADD_COURSE : ADD_ITEM];

    (void)sqlite3_bind_int64(add, 1, id->key); /* the index is right */
    if (sqlite3_bind_text64(add, 2, id->id, id->size, SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK)
        return false;
    return sqlite_step_done(add);
}

static bool put_log(struct store *store, const struct store_log *log)
{
    if (log->deleted)
        return bind_run(store->writer[DROP_LOG], (int64_t)log->log_id);
    sqlite3_stmt *put = store->writer[PUT_LOG];
    (void)sqlite3_bind_int64(put, 1, (int64_t)log->log_id); /* indexes are right by construction */
    (void)sqlite3_bind_int64(put, 2, log->learner);
    (void)sqlite3_bind_int64(put, 3, log->date_ms);
    (void)sqlite3_bind_int64(put, 4, log->created_ms);
    (void)sqlite3_bind_int64(put, 5, log->updated_ms);
    if (sqlite3_bind_blob64(put, 6, log->members, log->members_size, SQLITE_STATIC) != SQLITE_OK)
        return false;
    return sqlite_step_done(put);
}

static bool put_answer(struct store *store, const struct store_answer *answer)
{
    enum { DAY = 86400000 };
    sqlite3_stmt *put = store->writer[PUT_ANSWER];

    (void)sqlite3_bind_blob(put, 1, answer->key, sizeof answer->key, SQLITE_STATIC); /* indexes are right */
    (void)sqlite3_bind_blob(put, 2, answer->fingerprint, sizeof answer->fingerprint, SQLITE_STATIC);
    (void)sqlite3_bind_int64(put, 3, answer->at_ms);
    (void)sqlite3_bind_int(put, 4, answer->status);
    (void)sqlite3_bind_text(put, 5, answer->etag, -1, SQLITE_STATIC);
    if (sqlite3_bind_blob64(put, 6, answer->body ? answer->body : "", answer->body_size, SQLITE_STATIC) != SQLITE_OK)
        return false;
    return sqlite_step_done(put) && bind_run(store->writer[DROP_ANSWERS], answer->at_ms - DAY);
}

static bool put_counters(struct store *store, const struct store_counters *now)
{
    const struct store_counters *was = &store->counters;

    return (now->record_id == was->record_id || bind_run(store->writer[SET_RECORD_ID], now->record_id)) &&
           (now->enrolment_id == was->enrolment_id ||
            bind_run(store->writer[SET_ENROLMENT_ID], now->enrolment_id)) &&
           (now->log_id == was->log_id || bind_run(store->writer[SET_LOG_ID], (int64_t)now->log_id));
}

static bool put_ledger(struct store *store, const struct store_batch *batch)
{
    sqlite3_stmt *put = store->writer[PUT_LEDGER];

    (void)sqlite3_bind_text(put, 1, batch->ledger_key, -1, SQLITE_STATIC); /* indexes are right */
    (void)sqlite3_bind_text(put, 2, batch->ledger_value, -1, SQLITE_STATIC);
    return sqlite_step_done(put);
}

static bool write_batch(struct store *store, const struct store_batch *batch)
{
    for (size_t i = 0; i < batch->id_count; i++)
        if (!add_id(store, &batch->ids[i]))
            return false;
    for (size_t i = 0; i < batch->event_count; i++)
        if (!add_event(store, &batch->events[i]))
            return false;
    for (size_t i = 0; i < batch->log_count; i++)
        if (!put_log(store, &batch->logs[i]))
            return false;
    for (size_t i = 0; i < batch->answer_count; i++)
        if (!put_answer(store, &batch->answers[i]))
            return false;
    if (batch->ledger_key && !put_ledger(store, batch))
        return false;
    return put_counters(store, &batch->counters);
}

enum rc store_commit(struct store *store, const struct store_batch *batch, struct fault *fault)
{
    if (store->broken)
        return fault_set(fault, RC_INTERNAL, NULL, "writing stopped after an I/O error");
    if (sqlite_step_done(store->writer[BEGIN]) && write_batch(store, batch) && sqlite_step_done(store->writer[COMMIT])) {
        store->counters = batch->counters;
        return RC_OK;
    }
    enum rc rc = sqlite_fail(store, store->events, "commit", fault);
    if (!sqlite3_get_autocommit(store->events))
        (void)sqlite_step_done(store->writer[ROLLBACK]); /* what it cannot undo, recovery will */
    if (rc == RC_INTERNAL)
        store->broken = true; /* a failed fsync is never tried again: R9 */
    return rc;
}

/* ---- walking ---- */

static enum rc each_id_of(struct store *store, enum store_id_kind kind, const char *sql,
                          bool (*visit)(void *, const struct store_id *), void *arg, struct fault *fault)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->events, sql, -1, &statement, NULL);

    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code != SQLITE_ROW)
            break;
        struct store_id id = {kind, (uint32_t)sqlite3_column_int64(statement, 0),
                              (const char *)sqlite3_column_text(statement, 1),
                              (size_t)sqlite3_column_bytes(statement, 1)};
        if (!visit(arg, &id)) {
            (void)sqlite3_finalize(statement); /* ended on purpose */
            return fault_set(fault, RC_INTERNAL, NULL, "the ids in events.db do not fit together");
        }
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return code == SQLITE_DONE ? RC_OK : sqlite_fail(store, store->events, "ids", fault);
}

enum rc store_each_id(struct store *store, bool (*visit)(void *arg, const struct store_id *id), void *arg,
                      struct fault *fault)
{
    enum rc rc = each_id_of(store, STORE_LEARNER, "SELECT key, id FROM learner ORDER BY key", visit, arg, fault);
    if (rc == RC_OK)
        rc = each_id_of(store, STORE_COURSE, "SELECT key, id FROM course ORDER BY key", visit, arg, fault);
    if (rc == RC_OK)
        rc = each_id_of(store, STORE_ITEM, "SELECT key, id FROM item ORDER BY key", visit, arg, fault);
    return rc;
}

enum rc store_each_event(struct store *store, uint64_t after,
                         bool (*visit)(void *arg, const struct stored_event *event), void *arg,
                         struct fault *fault)
{
    static const char sql[] =
        "SELECT sequence, learner, kind, at_ms, crc, body FROM event WHERE sequence > ?1 ORDER BY sequence";
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->events, sql, -1, &statement, NULL);
    enum rc rc = RC_OK;

    if (code != SQLITE_OK)
        return sqlite_fail(store, store->events, "events", fault);
    (void)sqlite3_bind_int64(statement, 1, (int64_t)after); /* the index is right */
    while (rc == RC_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct stored_event event = {
            .sequence = (uint64_t)sqlite3_column_int64(statement, 0),
            .learner = (uint32_t)sqlite3_column_int64(statement, 1),
            .kind = (uint8_t)sqlite3_column_int(statement, 2),
            .at_ms = sqlite3_column_int64(statement, 3),
            .body = sqlite3_column_blob(statement, 5),
            .body_size = (size_t)sqlite3_column_bytes(statement, 5),
        };
        if (event_crc(&event) != (uint32_t)sqlite3_column_int64(statement, 4)) {
            (void)snprintf(store->message, sizeof store->message,
                           "event %llu is damaged (checksum); restore a backup",
                           (unsigned long long)event.sequence); /* cut is fine */
            rc = fault_set(fault, RC_INTERNAL, NULL, store->message);
        } else if (!visit(arg, &event)) {
            rc = fault_set(fault, RC_BUSY, NULL, "an event could not be taken");
        }
    }
    if (rc == RC_OK && code != SQLITE_DONE)
        rc = sqlite_fail(store, store->events, "events", fault);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return rc;
}

static struct store_answer answer_of(sqlite3_stmt *statement)
{
    struct store_answer answer = {
        .at_ms = sqlite3_column_int64(statement, 2),
        .status = sqlite3_column_int(statement, 3),
        .etag = (const char *)sqlite3_column_text(statement, 4),
        .body = sqlite3_column_blob(statement, 5),
        .body_size = (size_t)sqlite3_column_bytes(statement, 5),
    };
    if (sqlite3_column_bytes(statement, 0) == sizeof answer.key &&
        sqlite3_column_bytes(statement, 1) == sizeof answer.fingerprint) {
        memcpy(answer.key, sqlite3_column_blob(statement, 0), sizeof answer.key);
        memcpy(answer.fingerprint, sqlite3_column_blob(statement, 1), sizeof answer.fingerprint);
    }
    return answer;
}

enum rc store_each_answer(struct store *store, int64_t since_ms,
                          bool (*visit)(void *arg, const struct store_answer *answer), void *arg,
                          struct fault *fault)
{
    static const char sql[] = "SELECT key, fingerprint, at_ms, status, etag, body FROM answer WHERE at_ms >= ?1";
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->events, sql, -1, &statement, NULL);

    if (code == SQLITE_OK)
        (void)sqlite3_bind_int64(statement, 1, since_ms); /* the index is right */
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            struct store_answer answer = answer_of(statement);
            if (!visit(arg, &answer))
                break;
        }
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return code == SQLITE_DONE || code == SQLITE_ROW ? RC_OK : sqlite_fail(store, store->events, "answers", fault);
}

/* A prepared query on the reading connection, which this locks until read_end. */
static sqlite3_stmt *read_begin(struct store *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    (void)pthread_mutex_lock(&store->reader_lock); /* cannot fail: not held */
    if (sqlite3_prepare_v2(store->reader, sql, -1, &statement, NULL) != SQLITE_OK)
        return NULL;
    return statement;
}

static enum rc read_end(struct store *store, sqlite3_stmt *statement, int code, struct fault *fault)
{
    enum rc rc = code == SQLITE_DONE || code == SQLITE_ROW ? RC_OK : sqlite_fail(store, store->reader, "read", fault);

    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    (void)pthread_mutex_unlock(&store->reader_lock); /* held by read_begin */
    return rc;
}

enum rc store_answer(struct store *store, const uint8_t key[16],
                     bool (*visit)(void *arg, const struct store_answer *answer), void *arg, struct fault *fault)
{
    sqlite3_stmt *statement =
        read_begin(store, "SELECT key, fingerprint, at_ms, status, etag, body FROM answer WHERE key = ?1");
    int code = SQLITE_ERROR;
    bool found = false;

    if (statement) {
        (void)sqlite3_bind_blob(statement, 1, key, 16, SQLITE_STATIC); /* the index is right */
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            struct store_answer answer = answer_of(statement);
            found = true;
            (void)visit(arg, &answer); /* there is only one */
        }
    }
    enum rc rc = read_end(store, statement, code, fault);
    return rc == RC_OK && !found ? fault_set(fault, RC_NOT_FOUND, NULL, "no such answer") : rc;
}

enum rc store_ledger(struct store *store, const char *key, struct buf *out, struct fault *fault)
{
    sqlite3_stmt *statement = read_begin(store, "SELECT value FROM ledger WHERE name = ?1");
    int code = SQLITE_ERROR;
    bool found = false;

    if (statement) {
        (void)sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC); /* the index is right */
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            found = true;
            buf_text(out, (const char *)sqlite3_column_text(statement, 0));
        }
    }
    enum rc rc = read_end(store, statement, code, fault);
    return rc == RC_OK && !found ? fault_set(fault, RC_NOT_FOUND, NULL, "not in the ledger") : rc;
}

static struct store_log log_of(sqlite3_stmt *statement)
{
    return (struct store_log){
        .log_id = (uint64_t)sqlite3_column_int64(statement, 0),
        .learner = (uint32_t)sqlite3_column_int64(statement, 1),
        .date_ms = sqlite3_column_int64(statement, 2),
        .created_ms = sqlite3_column_int64(statement, 3),
        .updated_ms = sqlite3_column_int64(statement, 4),
        .members = sqlite3_column_blob(statement, 5),
        .members_size = (size_t)sqlite3_column_bytes(statement, 5),
    };
}

enum rc store_each_log(struct store *store, uint32_t learner, const struct log_filter *filter,
                       bool (*visit)(void *arg, const struct store_log *log), void *arg, struct fault *fault)
{
    sqlite3_stmt *statement = read_begin(
        store, "SELECT log_id, learner, date_ms, created_ms, updated_ms, members FROM log_entry"
               " WHERE learner = ?1 AND date_ms >= ?2 AND date_ms <= ?3 ORDER BY date_ms DESC, log_id DESC");
    int code = SQLITE_ERROR;

    if (statement) {
        (void)sqlite3_bind_int64(statement, 1, learner); /* indexes are right by construction */
        (void)sqlite3_bind_int64(statement, 2, filter && filter->has_from ? filter->from_ms : INT64_MIN);
        (void)sqlite3_bind_int64(statement, 3, filter && filter->has_to ? filter->to_ms : INT64_MAX);
        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
            struct store_log log = log_of(statement);
            if (!visit(arg, &log))
                break;
        }
    }
    return read_end(store, statement, code, fault);
}

enum rc store_log(struct store *store, uint64_t log_id, bool (*visit)(void *arg, const struct store_log *log),
                  void *arg, struct fault *fault)
{
    sqlite3_stmt *statement = read_begin(
        store, "SELECT log_id, learner, date_ms, created_ms, updated_ms, members FROM log_entry WHERE log_id = ?1");
    int code = SQLITE_ERROR;
    bool found = false;

    if (statement) {
        (void)sqlite3_bind_int64(statement, 1, (int64_t)log_id); /* the index is right */
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            struct store_log log = log_of(statement);
            found = true;
            (void)visit(arg, &log); /* there is only one */
        }
    }
    enum rc rc = read_end(store, statement, code, fault);
    return rc == RC_OK && !found ? fault_set(fault, RC_NOT_FOUND, NULL, "Progress log not found") : rc;
}
