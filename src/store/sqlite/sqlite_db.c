#include "store/sqlite/sqlite_db.h"

#include <stdio.h>
#include <unistd.h>

bool sqlite_is_passing(int code)
{
    int primary = code & 0xff;
    return primary == SQLITE_FULL || primary == SQLITE_NOMEM || primary == SQLITE_BUSY;
}

enum rc sqlite_fail(sqlite3 *db, const char *what, struct fault *fault)
{
    int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    const char *why = db ? sqlite3_errmsg(db) : "out of memory";

    if (sqlite_is_passing(code))
        return fault_text(fault, RC_BUSY, "the store cannot be used at the moment; try again", "%s: %s", what,
                          why);
    return fault_text(fault, RC_INTERNAL, "the store failed", "%s: %s", what, why);
}

enum rc sqlite_run(sqlite3 *db, const char *sql, struct fault *fault)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? RC_OK : sqlite_fail(db, "sql", fault);
}

bool sqlite_prepare_all(sqlite3 *db, const char *const *sql, sqlite3_stmt **out, int count)
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

bool sqlite_bind_run(sqlite3_stmt *statement, int64_t number)
{
    (void)sqlite3_bind_int64(statement, 1, number); /* the index is right by construction */
    return sqlite_step_done(statement);
}

enum rc sqlite_each_row(sqlite3_stmt *statement,
                        enum rc (*row)(void *arg, sqlite3_stmt *row, struct fault *fault), void *arg,
                        struct fault *fault)
{
    int code = SQLITE_ROW;
    enum rc rc = RC_OK;

    if (!statement)
        return fault_text(fault, RC_INTERNAL, "the store failed", "a statement cannot be prepared");
    while (rc == RC_OK && (code = sqlite3_step(statement)) == SQLITE_ROW)
        rc = row(arg, statement, fault);
    if (rc == RC_OK && code != SQLITE_DONE)
        rc = sqlite_fail(sqlite3_db_handle(statement), "reading", fault);
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    return rc == RC_ENOUGH ? RC_OK : rc;
}

enum rc sqlite_walk(sqlite3 *db, const char *sql, int64_t number,
                    enum rc (*row)(void *arg, sqlite3_stmt *row, struct fault *fault), void *arg,
                    struct fault *fault)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return sqlite_fail(db, "reading", fault);
    (void)sqlite3_bind_int64(statement, 1, number); /* refused where there is no ?1 */
    enum rc rc = sqlite_each_row(statement, row, arg, fault);
    (void)sqlite3_finalize(statement); /* it was reset */
    return rc;
}

enum rc sqlite_open_file(const char *path, bool reader, sqlite3 **out_db, struct fault *fault)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (reader ? 0 : SQLITE_OPEN_CREATE);
    int off = 0;

    if (sqlite3_open_v2(path, out_db, flags, NULL) != SQLITE_OK)
        return sqlite_fail(*out_db, "cannot open the database", fault);
    (void)sqlite3_busy_timeout(*out_db, 2000);                                 /* cannot fail */
    (void)sqlite3_db_config(*out_db, SQLITE_DBCONFIG_DEFENSIVE, 1, &off);      /* advisory hardening */
    (void)sqlite3_db_config(*out_db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, &off); /* likewise */
    if (reader) {
        (void)sqlite3_db_config(*out_db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, &off); /* R8 */
        return sqlite_run(*out_db, "PRAGMA query_only=1;", fault);
    }
    return RC_OK;
}

/* A row's number; a row's text. */
static enum rc take_number(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    (void)fault;
    *(int64_t *)arg = sqlite3_column_int64(row, 0);
    return RC_ENOUGH;
}

int64_t sqlite_one_number(sqlite3 *db, const char *sql)
{
    struct fault fault;
    int64_t value = -1;

    return sqlite_walk(db, sql, 0, take_number, &value, &fault) == RC_OK ? value : -1;
}

static void ask_meta(sqlite3 *db, const char *name, enum rc (*row)(void *, sqlite3_stmt *, struct fault *),
                     void *arg)
{
    struct fault fault;
    sqlite3_stmt *statement = NULL;

    (void)sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE name = ?1", -1, &statement, NULL);
    (void)sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC); /* the index is right */
    enum rc rc = sqlite_each_row(statement, row, arg, &fault);
    (void)rc;                          /* what cannot be read is not there */
    (void)sqlite3_finalize(statement); /* it was reset */
}

int64_t sqlite_meta_number(sqlite3 *db, const char *name)
{
    int64_t value = -1;

    ask_meta(db, name, take_number, &value);
    return value;
}

struct room {
    char *out;
    size_t size;
};

static enum rc take_text(void *arg, sqlite3_stmt *row, struct fault *fault)
{
    const struct room *room = arg;
    const char *text = (const char *)sqlite3_column_text(row, 0);

    (void)fault;
    (void)snprintf(room->out, room->size, "%s", text ? text : ""); /* 32 bytes */
    return RC_ENOUGH;
}

void sqlite_meta_text(sqlite3 *db, const char *name, char *out, size_t size)
{
    out[0] = '\0';
    ask_meta(db, name, take_text, &(struct room){out, size});
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

enum rc sqlite_scrub(sqlite3 *db, int wait_ms, struct fault *fault)
{
    (void)sqlite3_busy_timeout(db, wait_ms); /* cannot fail */
    int code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    enum rc rc = code == SQLITE_OK ? RC_OK : sqlite_fail(db, "checkpoint", fault);
    (void)sqlite3_busy_timeout(db, 2000); /* likewise */
    return rc;
}
