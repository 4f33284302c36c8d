#include "store/sqlite/sqlite_schema.h"

#include <string.h>

#include "store/sqlite/sqlite_db.h"

/* The tables of events.db through the versions, and whether a file has just these. */

/* What the first version made. */
static const char schema_1[] =
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
    "CREATE TABLE ledger(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;";

/* What the second made; new stores begin with it, and what came since is in migrations. */
static const char schema_2[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE learner(key INTEGER PRIMARY KEY, id TEXT NOT NULL);"
    "CREATE TABLE course(key INTEGER PRIMARY KEY, id TEXT NOT NULL);"
    "CREATE TABLE item(key INTEGER PRIMARY KEY, id TEXT NOT NULL);"
    "CREATE TABLE event(sequence INTEGER PRIMARY KEY, learner INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " at_ms INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL);"
    "CREATE TABLE log_entry(log_id INTEGER PRIMARY KEY, learner INTEGER NOT NULL, date_ms INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, members BLOB NOT NULL,"
    " gone INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX log_entry_by_date ON log_entry(learner, date_ms, log_id) WHERE gone = 0;"
    "CREATE TABLE answer(key BLOB PRIMARY KEY, fingerprint BLOB NOT NULL, at_ms INTEGER NOT NULL,"
    " status INTEGER NOT NULL, etag TEXT NOT NULL, body BLOB NOT NULL, learner INTEGER NOT NULL DEFAULT 0) "
    "WITHOUT ROWID;"
    "CREATE INDEX answer_by_age ON answer(at_ms);"
    "CREATE TABLE ledger(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "INSERT INTO meta VALUES('schema', 2), ('store', lower(hex(randomblob(16)))), ('generation', 1),"
    " ('record_id', 0), ('enrolment_id', 0), ('log_id', 0), ('sequence', 0);";

/* From the version before: each is one transaction, so a kill leaves the old or the new one. Source:
 * reliability R16. */
static const char *const migrations[SQLITE_SCHEMA_VERSION + 1] = {
    [2] = "ALTER TABLE log_entry ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;"
          "DROP INDEX log_entry_by_date;"
          "CREATE INDEX log_entry_by_date ON log_entry(learner, date_ms, log_id) WHERE gone = 0;"
          "ALTER TABLE answer ADD COLUMN learner INTEGER NOT NULL DEFAULT 0;",
    /* Whom an answer names. Of those that are there: the learner's column, and what their JSON says in so
       many words. */
    [3] = "ALTER TABLE answer ADD COLUMN caller INTEGER NOT NULL DEFAULT 0;"
          "CREATE TABLE answer_name(who TEXT NOT NULL, key BLOB NOT NULL, at_ms INTEGER NOT NULL, PRIMARY "
          "KEY(who, key))"
          " WITHOUT ROWID;"
          "CREATE INDEX answer_name_by_age ON answer_name(at_ms);"
          "CREATE TABLE erasing(learner INTEGER PRIMARY KEY, id TEXT NOT NULL, own BLOB NOT NULL, named BLOB "
          "NOT NULL);"
          "INSERT OR IGNORE INTO answer_name SELECT learner.id, answer.key, answer.at_ms FROM answer"
          " JOIN learner ON learner.key = answer.learner WHERE learner.id <> '';"
          "INSERT OR IGNORE INTO answer_name SELECT CAST(told.atom AS TEXT), answer.key, answer.at_ms FROM "
          "answer,"
          " json_tree(CASE WHEN json_valid(CAST(answer.body AS TEXT)) THEN CAST(answer.body AS TEXT) ELSE "
          "'[]' END) AS told"
          " WHERE told.key IN ('userId', 'user_id') AND told.type IN ('text', 'integer');",
    /* How many log entries each learner has; and those that are gone are found by learner too, when they are
       erased. */
    [4] =
        "CREATE TABLE log_total(learner INTEGER PRIMARY KEY, entries INTEGER NOT NULL, rollbacks INTEGER NOT "
        "NULL,"
        " bytes INTEGER NOT NULL, settling INTEGER NOT NULL);"
        "CREATE INDEX log_entry_gone ON log_entry(learner) WHERE gone = 1;"
        "INSERT INTO log_total SELECT learner, sum(gone = 0), 0, sum(CASE gone WHEN 0 THEN length(members) "
        "ELSE 0 END), 0"
        " FROM log_entry GROUP BY learner;"
        "INSERT INTO log_total SELECT learner, 0, count(*), 0, 0 FROM event WHERE kind = 14 GROUP BY learner"
        " ON CONFLICT(learner) DO UPDATE SET rollbacks = excluded.rollbacks;",
};

/* Makes the tables, or brings those of an older version up to date. */
enum rc sqlite_bring_schema_up(struct store *store, struct fault *fault)
{
    bool empty = sqlite_one_number(store->events, "SELECT count(*) FROM sqlite_master") == 0;
    int64_t schema = empty ? SQLITE_SCHEMA_VERSION : sqlite_meta_number(store->events, "schema");
    enum rc rc = RC_OK;

    if (schema > SQLITE_SCHEMA_VERSION)
        return fault_set(fault, RC_INTERNAL, NULL,
                         "the data was written by a newer milepost; use that version");
    if (schema < 1)
        return fault_set(fault, RC_INTERNAL, NULL,
                         "events.db is damaged or not milepost's; restore a backup");
    if (!empty && schema == SQLITE_SCHEMA_VERSION)
        return RC_OK;
    rc = sqlite_run(store->events, "BEGIN IMMEDIATE;", fault);
    if (rc == RC_OK && empty)
        rc = sqlite_run(store->events, schema_2, fault);
    for (int64_t next = (empty ? 2 : schema) + 1; rc == RC_OK && next <= SQLITE_SCHEMA_VERSION; next++)
        rc = sqlite_run(store->events, migrations[next], fault);
    if (rc == RC_OK)
        rc = sqlite_run(store->events, "UPDATE meta SET value = 4 WHERE name = 'schema';", fault);
    return rc == RC_OK ? sqlite_run(store->events, "COMMIT;", fault) : rc;
}

/* ---- whether a file is as we make it ---- */

static enum rc schema_row(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    struct buf *out = arg;

    for (int i = 0; i < 4; i++) {
        const char *text = (const char *)sqlite3_column_text(row, i);
        buf_text(out, text ? text : "?");
        buf_char(out, '\n');
    }
    return out->failed ? fault_no_memory(fault) : RC_OK;
}

/* Everything that is in a schema, as one text. Appended; false: it cannot be read. */
static bool list_schema(sqlite3 *db, struct buf *out)
{
    static const char sql[] =
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY type, name";
    struct fault fault;

    return sqlite_walk(db, sql, 0, schema_row, out, &fault) == RC_OK;
}

/* The same of a store that was begun by one version and brought up to another. */
static bool list_ours(int64_t begun, int64_t version, struct buf *out)
{
    sqlite3 *db = NULL;
    bool made = sqlite3_open(":memory:", &db) == SQLITE_OK &&
                sqlite3_exec(db, begun == 1 ? schema_1 : schema_2, NULL, NULL, NULL) == SQLITE_OK;

    for (int64_t next = begun + 1; made && next <= version; next++)
        made = sqlite3_exec(db, migrations[next], NULL, NULL, NULL) == SQLITE_OK;
    made = made && list_schema(db, out);
    (void)sqlite3_close(db); /* it was in memory */
    return made;
}

bool sqlite_schema_is_ours(sqlite3 *db, int64_t version)
{
    struct buf theirs = {0}, ours = {0};
    bool same = false;

    if (version < 1 || version > SQLITE_SCHEMA_VERSION || !list_schema(db, &theirs))
        version = 0;
    for (int64_t begun = 1; !same && begun <= version && begun <= 2; begun++) {
        buf_clear(&ours);
        same = list_ours(begun, version, &ours) && ours.size == theirs.size &&
               memcmp(ours.bytes, theirs.bytes, ours.size) == 0;
    }
    buf_done(&theirs);
    buf_done(&ours);
    return same;
}
