#include "store/sqlite/sqlite_checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_readers.h"

/* checkpoint.db: one row per learner, course and item, as of one sequence. The checkpoint's thread alone,
 * once it runs.
 */

static const char *const checkpoint_sql[CHECKPOINT_STATEMENT_COUNT] = {
    [CHECKPOINT_PUT_LEARNER] = "INSERT OR REPLACE INTO learner(key, body) VALUES(?1, ?2)",
    [CHECKPOINT_PUT_COURSE] = "INSERT OR REPLACE INTO course(key, body) VALUES(?1, ?2)",
    [CHECKPOINT_PUT_ITEM] = "INSERT OR REPLACE INTO item(key, body) VALUES(?1, ?2)",
    [CHECKPOINT_DROP_LEARNER] = "DELETE FROM learner WHERE key = ?1",
    [CHECKPOINT_DROP_COURSE] = "DELETE FROM course WHERE key = ?1",
    [CHECKPOINT_DROP_ITEM] = "DELETE FROM item WHERE key = ?1",
    [CHECKPOINT_SET] = "INSERT OR REPLACE INTO meta(name, value) VALUES(?1, ?2)",
    [CHECKPOINT_ADD_EVENTS] =
        "INSERT INTO learner_event(bucket, learner, offsets) VALUES(?1, ?2, ?3)"
        " ON CONFLICT(bucket, learner) DO UPDATE SET offsets = CAST(offsets || excluded.offsets AS BLOB)",
    [CHECKPOINT_ADD_MENTIONS] =
        "INSERT INTO mention(who, bucket, offsets) VALUES(?1, ?2, ?3)"
        " ON CONFLICT(who, bucket) DO UPDATE SET offsets = CAST(offsets || excluded.offsets AS BLOB)",
    [CHECKPOINT_FORGET] = "DELETE FROM learner_event WHERE bucket = ?1 AND learner = ?2",
};

static const char checkpoint_schema[] =
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS course(key INTEGER PRIMARY KEY, body BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS item(key INTEGER PRIMARY KEY, body BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS learner(key INTEGER PRIMARY KEY, body BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS learner_event(bucket INTEGER NOT NULL, learner INTEGER NOT NULL,"
    " offsets BLOB NOT NULL, PRIMARY KEY(bucket, learner)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS mention(who INTEGER NOT NULL, bucket INTEGER NOT NULL, offsets BLOB NOT NULL,"
    " PRIMARY KEY(who, bucket)) WITHOUT ROWID;";

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

uint64_t store_checkpoint_sequence(const struct store *store)
{
    return store->checkpoint_sequence;
}

static bool set_checkpoint_meta(struct store *store, const char *name, const char *text, int64_t number)
{
    sqlite3_stmt *set = store->checkpoint_writer[CHECKPOINT_SET];

    (void)sqlite3_bind_text(set, 1, name, -1, SQLITE_STATIC); /* indexes are right */
    if (text)
        (void)sqlite3_bind_text(set, 2, text, -1, SQLITE_STATIC);
    else
        (void)sqlite3_bind_int64(set, 2, number);
    return sqlite_step_done(set);
}

struct row_walk {
    enum checkpoint_row_kind kind;
    enum rc (*visit)(void *arg, const struct checkpoint_row *row, struct fault *fault);
    void *arg;
    bool enough;
};

static enum rc checkpoint_row(void *arg, sqlite3_stmt *statement, struct fault *fault)
{
    struct row_walk *walk = arg;
    struct checkpoint_row row = {walk->kind, (uint32_t)sqlite3_column_int64(statement, 0),
                                 sqlite3_column_blob(statement, 1),
                                 (size_t)sqlite3_column_bytes(statement, 1)};

    enum rc rc = walk->visit(walk->arg, &row, fault);
    walk->enough = rc == RC_ENOUGH;
    return rc;
}

/* A start reads every row once, and keeps what it makes of them in the same heap: pages that stayed between
 * them would never go back to the system. */
#define CACHE "PRAGMA cache_size=-8192;"
#define SMALL_CACHE "PRAGMA cache_size=-256;"

enum rc store_each_checkpoint_row(struct store *store,
                                  enum rc (*visit)(void *arg, const struct checkpoint_row *row,
                                                   struct fault *fault),
                                  void *arg, struct fault *fault)
{
    static const struct {
        enum checkpoint_row_kind kind;
        const char *sql;
    } of[] = {
        {CHECKPOINT_COURSE, "SELECT key, body FROM course ORDER BY key"},
        {CHECKPOINT_ITEM, "SELECT key, body FROM item ORDER BY key"},
        {CHECKPOINT_LEARNER, "SELECT key, body FROM learner ORDER BY key"},
    };
    struct row_walk walk = {CHECKPOINT_COURSE, visit, arg, false};
    enum rc rc = sqlite_run(store->checkpoint, SMALL_CACHE, fault);

    for (size_t i = 0; rc == RC_OK && !walk.enough && i < sizeof of / sizeof *of; i++) {
        walk.kind = of[i].kind;
        rc = sqlite_walk(store->checkpoint, of[i].sql, 0, checkpoint_row, &walk, fault);
    }
    struct fault later;
    enum rc grown = sqlite_run(store->checkpoint, CACHE, rc == RC_OK ? fault : &later);
    return rc == RC_OK ? grown : rc;
}

enum rc store_checkpoint_discard(struct store *store, struct fault *fault)
{
    enum rc rc = sqlite_run(store->checkpoint,
                            "BEGIN IMMEDIATE; DELETE FROM learner; DELETE FROM course; DELETE FROM item;"
                            "DELETE FROM meta; DELETE FROM learner_event; DELETE FROM mention; COMMIT;",
                            fault);
    store->checkpoint_sequence = 0;
    return rc;
}

enum rc store_checkpoint_begin(struct store *store, struct fault *fault)
{
    return sqlite_run(store->checkpoint, "BEGIN IMMEDIATE", fault);
}

enum rc store_checkpoint_row(struct store *store, const struct checkpoint_row *row, struct fault *fault)
{
    static const int put[] = {CHECKPOINT_PUT_LEARNER, CHECKPOINT_PUT_COURSE, CHECKPOINT_PUT_ITEM};
    static const int drop[] = {CHECKPOINT_DROP_LEARNER, CHECKPOINT_DROP_COURSE, CHECKPOINT_DROP_ITEM};
    sqlite3_stmt *statement = store->checkpoint_writer[row->bytes ? put[row->kind] : drop[row->kind]];

    (void)sqlite3_bind_int64(statement, 1, row->key); /* the index is right */
    if (row->bytes && sqlite3_bind_blob64(statement, 2, row->bytes, row->size, SQLITE_STATIC) != SQLITE_OK)
        return sqlite_fail(store->checkpoint, "checkpoint.db", fault);
    return sqlite_step_done(statement) ? RC_OK : sqlite_fail(store->checkpoint, "checkpoint.db", fault);
}

uint16_t store_checkpoint_threshold(const struct store *store)
{
    return store->checkpoint_threshold;
}

enum rc store_checkpoint_commit(struct store *store, uint64_t sequence, uint16_t threshold_hundredths,
                                struct fault *fault)
{
    if (!set_checkpoint_meta(store, "store", store->store_id, 0) ||
        !set_checkpoint_meta(store, "generation", NULL, store->generation) ||
        !set_checkpoint_meta(store, "layout", NULL, CHECKPOINT_LAYOUT) ||
        !set_checkpoint_meta(store, "threshold", NULL, threshold_hundredths) ||
        !set_checkpoint_meta(store, "mark", NULL, (int64_t)sequence))
        return sqlite_fail(store->checkpoint, "checkpoint.db", fault);
    enum rc rc = sqlite_run(store->checkpoint, "COMMIT", fault);
    if (rc == RC_OK) {
        store->checkpoint_sequence = sequence;
        store->checkpoint_threshold = threshold_hundredths;
    }
    return rc;
}

void store_checkpoint_rollback(struct store *store)
{
    if (!sqlite3_get_autocommit(store->checkpoint))
        (void)sqlite3_exec(store->checkpoint, "ROLLBACK", NULL, NULL,
                           NULL); /* what it cannot undo, recovery will */
}

/* An checkpoint of another store or generation, or one that is ahead of the events, is worth nothing. */
static enum rc check_checkpoint(struct store *store, struct fault *fault)
{
    char owner[64];

    sqlite_meta_text(store->checkpoint, "store", owner, sizeof owner);
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
    static const char setup[] =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;" CACHE;
    enum rc rc = sqlite_open_file(store->checkpoint_path, false, &store->checkpoint, fault);

    if (rc == RC_OK)
        rc = sqlite_run(store->checkpoint, setup, fault);
    if (rc == RC_OK)
        rc = sqlite_run(store->checkpoint, checkpoint_schema, fault);
    if (rc == RC_INTERNAL) {                    /* damaged: it can be made again from the events */
        (void)sqlite3_close(store->checkpoint); /* nothing is prepared on it */
        store->checkpoint = NULL;
        sqlite_remove_file(store->checkpoint_path); /* the next open says if that failed */
        rc = sqlite_open_file(store->checkpoint_path, false, &store->checkpoint, fault);
        if (rc == RC_OK)
            rc = sqlite_run(store->checkpoint, setup, fault);
        if (rc == RC_OK)
            rc = sqlite_run(store->checkpoint, checkpoint_schema, fault);
    }
    if (rc != RC_OK)
        return rc;
    if (!sqlite_prepare_all(store->checkpoint, checkpoint_sql, store->checkpoint_writer,
                            CHECKPOINT_STATEMENT_COUNT))
        return sqlite_fail(store->checkpoint, "checkpoint.db", fault);
    return check_checkpoint(store, fault);
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

enum rc store_scrub_checkpoint(struct store *store, struct fault *fault)
{
    return sqlite_scrub(store->checkpoint, 200, fault);
}

void store_checkpoint_rest(struct store *store)
{
    (void)sqlite3_db_release_memory(store->checkpoint); /* nothing to give back is fine */
}
