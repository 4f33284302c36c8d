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

static const char checkpoint_schema[] =
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS course(key INTEGER PRIMARY KEY, body BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS item(key INTEGER PRIMARY KEY, body BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS learner(key INTEGER PRIMARY KEY, body BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS learner_event(bucket INTEGER NOT NULL, learner INTEGER NOT NULL,"
    " offsets BLOB NOT NULL, PRIMARY KEY(bucket, learner)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS mention(who INTEGER NOT NULL, bucket INTEGER NOT NULL, offsets BLOB NOT NULL,"
    " PRIMARY KEY(who, bucket)) WITHOUT ROWID;";

static const char *const writer_sql[WRITER_COUNT] = {
    [ADD_LEARNER] = "INSERT INTO learner(key, id) VALUES(?1, ?2)",
    [ADD_COURSE] = "INSERT INTO course(key, id) VALUES(?1, ?2)",
    [ADD_ITEM] = "INSERT INTO item(key, id) VALUES(?1, ?2)",
    [ADD_EVENT] =
        "INSERT INTO event(sequence, learner, kind, at_ms, crc, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [PUT_LOG] = "INSERT OR REPLACE INTO log_entry(log_id, learner, date_ms, created_ms, updated_ms, members)"
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [DROP_LOG] = "UPDATE log_entry SET gone = 1, members = x'' WHERE log_id = ?1",
    [DROP_LOGS] = "UPDATE log_entry SET gone = 1, members = x'' WHERE learner = ?1 AND gone = 0",
    [PUT_LOG_TOTAL] = "INSERT OR REPLACE INTO log_total(learner, entries, rollbacks, bytes, settling)"
                      " VALUES(?1, ?2, ?3, ?4, ?5)",
    [DROP_SOME_LOGS] = "UPDATE log_entry SET gone = 1, members = x'' WHERE log_id IN"
                       " (SELECT log_id FROM log_entry WHERE learner = ?1 AND gone = 0 LIMIT ?2)",
    [PUT_ANSWER] = "INSERT OR REPLACE INTO answer(key, fingerprint, at_ms, status, etag, body, caller)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [NAME_ANSWER] = "INSERT OR REPLACE INTO answer_name(who, key, at_ms) VALUES(?1, ?2, ?3)",
    /* A few for each that comes: a day's worth at once would stop everybody. */
    [DROP_ANSWERS] =
        "DELETE FROM answer WHERE key IN (SELECT key FROM answer WHERE at_ms < ?1 ORDER BY at_ms LIMIT 4)",
    [DROP_NAMES] = "DELETE FROM answer_name WHERE (who, key) IN"
                   " (SELECT who, key FROM answer_name WHERE at_ms < ?1 ORDER BY at_ms LIMIT 16)",
    [PUT_LEDGER] = "INSERT OR REPLACE INTO ledger(name, value) VALUES(?1, ?2)",
    [SET_SEQUENCE] = "UPDATE meta SET value = ?1 WHERE name = 'sequence'",
    [SET_RECORD_ID] = "UPDATE meta SET value = ?1 WHERE name = 'record_id'",
    [SET_ENROLMENT_ID] = "UPDATE meta SET value = ?1 WHERE name = 'enrolment_id'",
    [SET_LOG_ID] = "UPDATE meta SET value = ?1 WHERE name = 'log_id'",
    [ERASE_EVENT] = "DELETE FROM event WHERE sequence = ?1",
    [REWRITE_EVENT] = "UPDATE event SET body = ?2, crc = ?3 WHERE sequence = ?1",
    [ERASE_LOGS] = "DELETE FROM log_entry WHERE learner = ?1 AND gone = 0",
    [ERASE_GONE_LOGS] = "DELETE FROM log_entry WHERE learner = ?1 AND gone = 1",
    [ERASE_LOG_TOTAL] = "DELETE FROM log_total WHERE learner = ?1",
    [ERASE_ANSWERS] = "DELETE FROM answer WHERE key IN (SELECT key FROM answer_name WHERE who = ?1)",
    [NOTE_ERASING] = "INSERT INTO erasing(learner, id, own, named) VALUES(?1, ?2, ?3, ?4)",
    [END_ERASING] = "DELETE FROM erasing WHERE learner = ?1",
    [ERASE_NAMES] = "DELETE FROM answer_name WHERE who = ?1",
    [FORGET_LEARNER] = "UPDATE learner SET id = '' WHERE key = ?1",
    [FORGET_COURSE] = "UPDATE course SET id = '' WHERE key = ?1",
    [FORGET_ITEM] = "UPDATE item SET id = '' WHERE key = ?1",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
};

enum rc sqlite_fail(struct store *store, sqlite3 *db, const char *what, struct fault *fault)
{
    int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    int primary = code & 0xff;

    /* cut is fine */
    (void)snprintf(store->message, sizeof store->message, "%s: %s", what,
                   db ? sqlite3_errmsg(db) : "out of memory");
    if (primary == SQLITE_FULL || primary == SQLITE_NOMEM || primary == SQLITE_BUSY)
        return fault_set(fault, RC_BUSY, NULL, store->message);
    return fault_set(fault, RC_INTERNAL, NULL, store->message);
}

enum rc sqlite_run(struct store *store, sqlite3 *db, const char *sql, struct fault *fault)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? RC_OK
                                                                : sqlite_fail(store, db, "sql", fault);
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

enum rc sqlite_take_lock(struct store *store, const char *directory, struct fault *fault)
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

enum rc sqlite_open_file(struct store *store, const char *path, bool reader, sqlite3 **out_db,
                         struct fault *fault)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (reader ? 0 : SQLITE_OPEN_CREATE);
    int off = 0;

    if (sqlite3_open_v2(path, out_db, flags, NULL) != SQLITE_OK)
        return sqlite_fail(store, *out_db, "cannot open the database", fault);
    (void)sqlite3_busy_timeout(*out_db, 2000);                                 /* cannot fail */
    (void)sqlite3_db_config(*out_db, SQLITE_DBCONFIG_DEFENSIVE, 1, &off);      /* advisory hardening */
    (void)sqlite3_db_config(*out_db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, &off); /* likewise */
    if (reader) {
        (void)sqlite3_db_config(*out_db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, &off); /* R8 */
        return sqlite_run(store, *out_db, "PRAGMA query_only=1;", fault);
    }
    return RC_OK;
}

int64_t sqlite_meta_number(sqlite3 *db, const char *name)
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

int64_t sqlite_one_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return value;
}

static void read_counters(struct store *store)
{
    sqlite3 *db = store->events;
    int64_t last = sqlite_one_number(db, "SELECT coalesce(max(sequence), 0) FROM event");
    int64_t given = sqlite_meta_number(db, "sequence");

    meta_text(db, "store", store->store_id, sizeof store->store_id);
    store->generation = sqlite_meta_number(db, "generation");
    store->counters = (struct store_counters){
        .sequence = (uint64_t)(last > given ? last : given),
        .log_id = (uint64_t)sqlite_meta_number(db, "log_id"),
        .record_id = (uint32_t)sqlite_meta_number(db, "record_id"),
        .enrolment_id = (uint32_t)sqlite_meta_number(db, "enrolment_id"),
    };
}

/* checkpoint.db for the first generation, checkpoint-N.db for those that rebuild or restore made. */
void sqlite_checkpoint_path(const struct store *store, int64_t generation, char out[SQLITE_PATH_BYTES])
{
    if (generation == 1)
        (void)snprintf(out, SQLITE_PATH_BYTES, "%.4000s/checkpoint.db",
                       store->directory); /* store_open bounded it */
    else
        (void)snprintf(out, SQLITE_PATH_BYTES, "%.4000s/checkpoint-%lld.db", store->directory,
                       (long long)generation); /* likewise */
}

void sqlite_remove_file(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[SQLITE_PATH_BYTES + 16];

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]); /* fits */
        (void)unlink(name);                                           /* may be absent */
    }
}

static enum rc open_events(struct store *store, struct fault *fault)
{
    enum rc rc = sqlite_open_file(store, store->events_path, false, &store->events, fault);

    if (rc == RC_OK)
        rc = sqlite_run(store, store->events,
                        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                        "PRAGMA cache_size=-16384; PRAGMA secure_delete=ON;",
                        fault);
    if (rc == RC_OK)
        rc = sqlite_bring_schema_up(store, fault);
    if (rc != RC_OK)
        return rc;
    read_counters(store);
    /* Nothing of a killed process's log stays: it may hold what was erased since. A reader in the way is no
     * reason to wait. */
    (void)sqlite3_busy_timeout(store->events, 100); /* cannot fail */
    /* the next one does it */
    (void)sqlite3_wal_checkpoint_v2(store->events, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    (void)sqlite3_busy_timeout(store->events, 2000); /* cannot fail */
    return prepare_all(store->events, writer_sql, store->writer, WRITER_COUNT)
               ? RC_OK
               : sqlite_fail(store, store->events, "events.db", fault);
}

/* An checkpoint of another store or generation, or one that is ahead of the events, is worth nothing. */
static enum rc check_checkpoint(struct store *store, struct fault *fault)
{
    char owner[64];

    meta_text(store->checkpoint, "store", owner, sizeof owner);
    int64_t mark = sqlite_meta_number(store->checkpoint, "mark"),
            generation = sqlite_meta_number(store->checkpoint, "generation");
    if (strcmp(owner, store->store_id) == 0 &&
        sqlite_meta_number(store->checkpoint, "layout") == CHECKPOINT_LAYOUT &&
        generation == store->generation && mark >= 0 && (uint64_t)mark <= store->counters.sequence) {
        store->checkpoint_sequence = (uint64_t)mark;
        store->checkpoint_threshold = (uint16_t)sqlite_meta_number(store->checkpoint, "threshold");
        return RC_OK;
    }
    return store_checkpoint_discard(store, fault);
}

enum rc sqlite_open_checkpoint(struct store *store, struct fault *fault)
{
    static const char setup[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8192;"
                                "PRAGMA secure_delete=ON;";
    enum rc rc = sqlite_open_file(store, store->checkpoint_path, false, &store->checkpoint, fault);

    if (rc == RC_OK)
        rc = sqlite_run(store, store->checkpoint, setup, fault);
    if (rc == RC_OK)
        rc = sqlite_run(store, store->checkpoint, checkpoint_schema, fault);
    if (rc == RC_INTERNAL) {                    /* damaged: it can be made again from the events */
        (void)sqlite3_close(store->checkpoint); /* nothing is prepared on it */
        store->checkpoint = NULL;
        sqlite_remove_file(store->checkpoint_path); /* the next open says if that failed */
        rc = sqlite_open_file(store, store->checkpoint_path, false, &store->checkpoint, fault);
        if (rc == RC_OK)
            rc = sqlite_run(store, store->checkpoint, setup, fault);
        if (rc == RC_OK)
            rc = sqlite_run(store, store->checkpoint, checkpoint_schema, fault);
    }
    if (rc != RC_OK)
        return rc;
    if (!prepare_all(store->checkpoint, sqlite_checkpoint_sql, store->checkpoint_writer,
                     CHECKPOINT_STATEMENT_COUNT))
        return sqlite_fail(store, store->checkpoint, "checkpoint.db", fault);
    return check_checkpoint(store, fault);
}

/* What an open could not do is told by a text that outlives the store. */
enum rc sqlite_open_failed(struct store *store, enum rc rc, struct fault *fault)
{
    static char last_message[256];

    if (fault->message == store->message) {
        (void)snprintf(last_message, sizeof last_message, "%s", store->message); /* same size */
        fault->message = last_message;
    }
    store_close(store);
    return rc;
}

enum rc sqlite_store_new(const char *directory, struct store **out_store, struct fault *fault)
{
    struct store *store = calloc(1, sizeof *store);

    if (!store)
        return fault_no_memory(fault);
    store->lock_fd = -1;
    (void)pthread_mutex_init(&store->reader_lock, NULL); /* default attributes cannot fail */
    (void)pthread_cond_init(&store->reader_back, NULL);  /* likewise */
    if (strlen(directory) > SQLITE_PATH_BYTES - 96) {
        store_close(store);
        return fault_set(fault, RC_INTERNAL, NULL, "the data directory's path is too long");
    }
    (void)snprintf(store->directory, sizeof store->directory, "%s", directory);               /* fits */
    (void)snprintf(store->events_path, sizeof store->events_path, "%s/events.db", directory); /* fits */
    *out_store = store;
    return RC_OK;
}

/* Models that another generation left behind, also one that a rebuild did not finish. */
static void remove_other_checkpoints(struct store *store)
{
    char path[SQLITE_PATH_BYTES];

    for (int64_t generation = store->generation - 1; generation <= store->generation + 1; generation++) {
        if (generation > 0 && generation != store->generation) {
            sqlite_checkpoint_path(store, generation, path);
            sqlite_remove_file(path);
        }
        /* what versions before 0.2 called it: it may hold people who are erased from now on */
        (void)snprintf(path, sizeof path, "%.4000s/image-%lld.db", store->directory, (long long)generation);
        sqlite_remove_file(path);
    }
    (void)snprintf(path, sizeof path, "%.4000s/image.db", store->directory); /* generation 1 */
    sqlite_remove_file(path);
}

enum rc store_open(const char *directory, struct store **out_store, struct fault *fault)
{
    struct store *store;
    enum rc rc = sqlite_store_new(directory, &store, fault);

    if (rc != RC_OK)
        return rc;
    rc = sqlite_take_lock(store, directory, fault);
    if (rc == RC_OK)
        rc = open_events(store, fault);
    if (rc == RC_OK) {
        remove_other_checkpoints(store);
        sqlite_checkpoint_path(store, store->generation, store->checkpoint_path);
        rc = sqlite_open_checkpoint(store, fault);
    }
    if (rc == RC_OK)
        rc = sqlite_readers_open(store, fault);
    if (rc != RC_OK)
        return sqlite_open_failed(store, rc, fault);
    *out_store = store;
    return RC_OK;
}

enum rc store_open_reader(const char *directory, struct store **out_store, struct fault *fault)
{
    struct store *store;
    enum rc rc = store_exists(directory)
                     ? sqlite_store_new(directory, &store, fault)
                     : fault_set(fault, RC_NOT_FOUND, NULL, "there is no data in this directory");

    if (rc != RC_OK)
        return rc;
    rc = sqlite_open_file(store, store->events_path, true, &store->events, fault);
    if (rc == RC_OK && sqlite_meta_number(store->events, "schema") != SQLITE_SCHEMA_VERSION)
        rc = fault_set(fault, RC_INTERNAL, NULL,
                       "the data is another version's, or damaged: start the server on it first");
    if (rc == RC_OK) {
        store->generation = sqlite_meta_number(store->events, "generation");
        sqlite_checkpoint_path(store, store->generation, store->checkpoint_path);
        if (access(store->checkpoint_path, R_OK) == 0) { /* else: not yet made */
            rc = sqlite_open_file(store, store->checkpoint_path, true, &store->checkpoint, fault);
            /* First the checkpoint: what it covers is then among the events. One that a crash left without a
             * table is none: the next start makes it anew. */
            if (rc == RC_OK && (sqlite_run(store, store->checkpoint,
                                           "BEGIN; SELECT count(*) FROM learner_event;", fault) != RC_OK ||
                                sqlite_meta_number(store->checkpoint, "layout") != CHECKPOINT_LAYOUT))
                sqlite_close_checkpoint(store);
        }
    }
    if (rc == RC_OK)
        rc = sqlite_run(store, store->events, "BEGIN; SELECT count(*) FROM meta;", fault);
    if (rc != RC_OK)
        return sqlite_open_failed(store, rc, fault);
    read_counters(store);
    sqlite_readers_share(store);
    int64_t mark = store->checkpoint ? sqlite_meta_number(store->checkpoint, "mark") : -1;
    store->checkpoint_sequence = mark > 0 ? (uint64_t)mark : 0;
    store->checkpoint_threshold =
        (uint16_t)(mark > 0 ? sqlite_meta_number(store->checkpoint, "threshold") : 0);
    *out_store = store;
    return RC_OK;
}

bool store_exists(const char *directory)
{
    char path[SQLITE_PATH_BYTES];

    (void)snprintf(path, sizeof path, "%s/events.db", directory); /* cut: then it is not there */
    return access(path, F_OK) == 0;
}

void sqlite_close_checkpoint(struct store *store)
{
    sqlite_readers_close_checkpoint(store); /* readers go first: R8 */
    for (int i = 0; i < CHECKPOINT_STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(store->checkpoint_writer[i]); /* nothing runs */
        store->checkpoint_writer[i] = NULL;
    }
    (void)sqlite3_close(store->checkpoint); /* checkpoints, unless it only read */
    store->checkpoint = NULL;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    sqlite_readers_close(store); /* readers go first: R8 */
    sqlite_close_checkpoint(store);
    (void)sqlite3_finalize(store->get_log); /* nothing runs */
    for (int i = 0; i < WRITER_COUNT; i++)
        (void)sqlite3_finalize(store->writer[i]); /* nothing runs */
    (void)sqlite3_close(store->events);           /* checkpoints */
    if (store->lock_fd >= 0)
        (void)close(store->lock_fd);                  /* gives the lock back */
    (void)pthread_mutex_destroy(&store->reader_lock); /* nobody holds it */
    (void)pthread_cond_destroy(&store->reader_back);  /* nobody waits */
    free(store);
}

struct store_counters store_counters(const struct store *store)
{
    return store->counters;
}

/* ---- committing ---- */

uint32_t sqlite_event_crc(const struct stored_event *event)
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
    (void)sqlite3_bind_int64(add, 5, sqlite_event_crc(event));
    if (sqlite3_bind_blob64(add, 6, event->body, event->body_size, SQLITE_STATIC) != SQLITE_OK)
        return false;
    return sqlite_step_done(add);
}

static bool add_id(struct store *store, const struct store_id *id)
{
    sqlite3_stmt *add = store->writer[id->kind == STORE_LEARNER  ? ADD_LEARNER
                                      : id->kind == STORE_COURSE ? ADD_COURSE
                                                                 : ADD_ITEM];

    (void)sqlite3_bind_int64(add, 1, id->key); /* the index is right */
    if (sqlite3_bind_text64(add, 2, id->id, id->size, SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK)
        return false;
    return sqlite_step_done(add);
}

static bool put_log(struct store *store, const struct store_log *log)
{
    if (log->deleted && log->some)
        (void)sqlite3_bind_int64(store->writer[DROP_SOME_LOGS], 2, log->some); /* the index is right */
    if (log->deleted && log->some)
        return bind_run(store->writer[DROP_SOME_LOGS], log->learner);
    if (log->deleted)
        return log->log_id ? bind_run(store->writer[DROP_LOG], (int64_t)log->log_id)
                           : bind_run(store->writer[DROP_LOGS], log->learner);
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

static bool put_log_total(struct store *store, const struct store_log_total *total)
{
    sqlite3_stmt *put = store->writer[PUT_LOG_TOTAL];

    (void)sqlite3_bind_int64(put, 1, total->learner); /* indexes are right by construction */
    (void)sqlite3_bind_int64(put, 2, total->entries);
    (void)sqlite3_bind_int64(put, 3, total->rollbacks);
    (void)sqlite3_bind_int64(put, 4, (int64_t)total->bytes);
    (void)sqlite3_bind_int64(put, 5, (int64_t)total->settling);
    return sqlite_step_done(put);
}

static bool name_answer(struct store *store, const struct store_answer *answer, const struct store_name *name)
{
    sqlite3_stmt *put = store->writer[NAME_ANSWER];

    /* indexes are right by construction */
    (void)sqlite3_bind_text(put, 1, name->id, (int)name->size, SQLITE_STATIC);
    (void)sqlite3_bind_blob(put, 2, answer->key, sizeof answer->key, SQLITE_STATIC);
    (void)sqlite3_bind_int64(put, 3, answer->at_ms);
    return sqlite_step_done(put);
}

static bool put_answer(struct store *store, const struct store_answer *answer)
{
    const int64_t old_ms = answer->at_ms - 86400000;
    sqlite3_stmt *put = store->writer[PUT_ANSWER];

    (void)sqlite3_bind_blob(put, 1, answer->key, sizeof answer->key, SQLITE_STATIC); /* indexes are right */
    (void)sqlite3_bind_blob(put, 2, answer->fingerprint, sizeof answer->fingerprint, SQLITE_STATIC);
    (void)sqlite3_bind_int64(put, 3, answer->at_ms);
    (void)sqlite3_bind_int(put, 4, answer->status);
    (void)sqlite3_bind_text(put, 5, answer->etag, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(put, 7, (int64_t)answer->caller);
    if (sqlite3_bind_blob64(put, 6, answer->body ? answer->body : "", answer->body_size, SQLITE_STATIC) !=
        SQLITE_OK)
        return false;
    bool done = sqlite_step_done(put);
    for (size_t i = 0; done && i < answer->name_count; i++)
        done = name_answer(store, answer, &answer->names[i]);
    return done && bind_run(store->writer[DROP_ANSWERS], old_ms) &&
           bind_run(store->writer[DROP_NAMES], old_ms);
}

static bool put_counters(struct store *store, const struct store_batch *batch)
{
    const struct store_counters *now = &batch->counters, *was = &store->counters;

    /* The last event may be erased, and its number is never given again. */
    return (!batch->erasure || bind_run(store->writer[SET_SEQUENCE], (int64_t)now->sequence)) &&
           (now->record_id == was->record_id || bind_run(store->writer[SET_RECORD_ID], now->record_id)) &&
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

static bool rewrite_event(struct store *store, const struct stored_event *event)
{
    sqlite3_stmt *rewrite = store->writer[REWRITE_EVENT];

    (void)sqlite3_bind_int64(rewrite, 1, (int64_t)event->sequence); /* indexes are right by construction */
    (void)sqlite3_bind_int64(rewrite, 3, sqlite_event_crc(event));
    if (sqlite3_bind_blob64(rewrite, 2, event->body, event->body_size, SQLITE_STATIC) != SQLITE_OK)
        return false;
    return sqlite_step_done(rewrite);
}

static bool erase_answers(struct store *store, const struct store_erasure *erasure)
{
    sqlite3_stmt *answers = store->writer[ERASE_ANSWERS], *names = store->writer[ERASE_NAMES];

    /* indexes are right by construction */
    (void)sqlite3_bind_text(answers, 1, erasure->id, (int)erasure->id_size, SQLITE_STATIC);
    (void)sqlite3_bind_text(names, 1, erasure->id, (int)erasure->id_size, SQLITE_STATIC);
    return sqlite_step_done(answers) && sqlite_step_done(names);
}

/* Written down, for store_erase_some to be called until it is done. */
static bool note_erasing(struct store *store, const struct store_erasure *erasure)
{
    sqlite3_stmt *note = store->writer[NOTE_ERASING];

    (void)sqlite3_bind_int64(note, 1, erasure->learner); /* indexes are right by construction */
    (void)sqlite3_bind_text(note, 2, erasure->id, (int)erasure->id_size, SQLITE_STATIC);
    return sqlite3_bind_blob64(note, 3, erasure->own, erasure->own_size, SQLITE_STATIC) == SQLITE_OK &&
           sqlite3_bind_blob64(note, 4, erasure->named, erasure->named_size, SQLITE_STATIC) == SQLITE_OK &&
           sqlite_step_done(note);
}

static bool erase_events(struct store *store, const uint64_t *sequences, size_t count,
                         const struct stored_event *rewritten, size_t rewritten_count)
{
    for (size_t i = 0; i < count; i++)
        if (!bind_run(store->writer[ERASE_EVENT], (int64_t)sequences[i]))
            return false;
    for (size_t i = 0; i < rewritten_count; i++)
        if (!rewrite_event(store, &rewritten[i]))
            return false;
    return true;
}

static bool erase(struct store *store, const struct store_erasure *erasure)
{
    if (!erase_events(store, erasure->sequences, erasure->sequence_count, erasure->rewritten,
                      erasure->rewritten_count) ||
        (erasure->own && !note_erasing(store, erasure)))
        return false;
    for (size_t i = 0; i < erasure->forgotten_count; i++)
        if (!bind_run(store->writer[erasure->forgotten[i].kind == STORE_COURSE ? FORGET_COURSE : FORGET_ITEM],
                      erasure->forgotten[i].key))
            return false;
    return bind_run(store->writer[ERASE_LOGS], erasure->learner) &&
           bind_run(store->writer[ERASE_GONE_LOGS], erasure->learner) &&
           bind_run(store->writer[ERASE_LOG_TOTAL], erasure->learner) && erase_answers(store, erasure) &&
           bind_run(store->writer[FORGET_LEARNER], erasure->learner);
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
    for (size_t i = 0; i < batch->log_total_count; i++)
        if (!put_log_total(store, &batch->log_totals[i]))
            return false;
    if (batch->erasure && !erase(store, batch->erasure))
        return false;
    for (size_t i = 0; i < batch->answer_count; i++)
        if (!put_answer(store, &batch->answers[i]))
            return false;
    if (batch->ledger_key && !put_ledger(store, batch))
        return false;
    return put_counters(store, batch);
}

/* The end of a transaction that was begun: written says whether all of it went well. */
static enum rc end_transaction(struct store *store, bool written, struct fault *fault)
{
    if (written && sqlite_step_done(store->writer[COMMIT]))
        return RC_OK;
    enum rc rc = sqlite_fail(store, store->events, "commit", fault);
    if (!sqlite3_get_autocommit(store->events))
        (void)sqlite_step_done(store->writer[ROLLBACK]); /* what it cannot undo, recovery will */
    if (rc == RC_INTERNAL)
        store->broken = true; /* a failed fsync is never tried again: R9 */
    return rc;
}

enum rc store_commit(struct store *store, const struct store_batch *batch, struct fault *fault)
{
    if (store->broken)
        return fault_set(fault, RC_INTERNAL, NULL, "writing stopped after an I/O error");
    enum rc rc =
        end_transaction(store, sqlite_step_done(store->writer[BEGIN]) && write_batch(store, batch), fault);
    if (rc == RC_OK)
        store->counters = batch->counters;
    return rc;
}

enum rc store_erase_some(struct store *store, const uint64_t *sequences, size_t count,
                         const struct stored_event *rewritten, size_t rewritten_count, uint32_t done,
                         struct fault *fault)
{
    if (store->broken)
        return fault_set(fault, RC_INTERNAL, NULL, "writing stopped after an I/O error");
    bool written = sqlite_step_done(store->writer[BEGIN]) &&
                   erase_events(store, sequences, count, rewritten, rewritten_count) &&
                   (!done || bind_run(store->writer[END_ERASING], done));
    return end_transaction(store, written, fault);
}

/* Waits so long for readers of other processes; our own are out of the way. */
static enum rc scrub(struct store *store, sqlite3 *db, int wait_ms, struct fault *fault)
{
    (void)sqlite3_busy_timeout(db, wait_ms); /* cannot fail */
    int code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    enum rc rc = code == SQLITE_OK ? RC_OK : sqlite_fail(store, db, "checkpoint", fault);
    (void)sqlite3_busy_timeout(db, 2000); /* likewise */
    return rc;
}

enum rc store_scrub_events(struct store *store, struct fault *fault)
{
    if (store->broken)
        return RC_OK;
    enum rc rc = sqlite_readers_pause(store) ? scrub(store, store->events, 0, fault)
                                             : fault_set(fault, RC_BUSY, NULL, "a reader is in the way");
    sqlite_readers_go_on(store);
    return rc;
}

enum rc store_scrub_checkpoint(struct store *store, struct fault *fault)
{
    return scrub(store, store->checkpoint, 200, fault);
}
