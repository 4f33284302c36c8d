#include "store/postgres/postgres_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/monotonic.h"

enum { SCHEMA_VERSION = 3, WAIT_MS = 10000 };

/* From the version before, each in one transaction with its number. A row a turn, and rows are only ever
 * added; the bytes are not compressed by the server, which would cost half of the rate. The index by `last`
 * finds the row of an event, milepost_named that of a name: for erasures alone. */
static const char *const migrations[SCHEMA_VERSION + 1] = {
    [1] = "CREATE TABLE milepost_log(log int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
          " name text NOT NULL UNIQUE, settled int8 NOT NULL DEFAULT 0);"
          "CREATE TABLE milepost_shared(log int4 NOT NULL, name text NOT NULL, value bytea NOT NULL,"
          " PRIMARY KEY (log, name));"
          "CREATE TABLE milepost_turn(log int4 NOT NULL, turn int8 NOT NULL, first int8 NOT NULL,"
          " last int8 NOT NULL, batch bytea NOT NULL, prev bytea NOT NULL, at_ms int8 NOT NULL,"
          " log_id int8 NOT NULL, record_id int8 NOT NULL, enrolment_id int8 NOT NULL, node bytea NOT NULL,"
          " body bytea NOT NULL, PRIMARY KEY (log, turn));"
          "ALTER TABLE milepost_turn ALTER body SET STORAGE EXTERNAL;"
          "CREATE INDEX milepost_turn_last ON milepost_turn(log, last);"
          "CREATE TABLE milepost_named(log int4 NOT NULL, who int8 NOT NULL, turn int8 NOT NULL,"
          " PRIMARY KEY (log, who, turn));",
    /* The nodes that run; postgres_nodes.c. */
    [2] = "CREATE TABLE milepost_node(log int4 NOT NULL, node text NOT NULL, name text NOT NULL,"
          " settings text NOT NULL, sequence int8 NOT NULL, lag int8 NOT NULL, seen timestamptz NOT NULL,"
          " PRIMARY KEY (log, node));",
    /* What is left for whoever claims it; postgres_left.c. Unlogged: it is empty after a crash and on a
     * standby, so nothing that was claimed is there again, nobody waits for a disk, and it is in no WAL. */
    [3] = "CREATE UNLOGGED TABLE milepost_left(log int4 NOT NULL, name text NOT NULL, value bytea NOT NULL,"
          " until timestamptz NOT NULL, PRIMARY KEY (log, name));",
};

/* Runs a text of statements. The result is the last one's, for the caller to clear. */
static enum rc run(struct pg_connection *connection, const char *sql, PGresult **out_result,
                   struct fault *fault)
{
    if (pg_run(connection, sql, monotonic_ms() + WAIT_MS, out_result))
        return RC_OK;
    const char *why = *out_result ? PQresultErrorField(*out_result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    enum rc rc = fault_text(fault, why ? RC_INVALID : RC_BUSY, "the database cannot be used", "%s",
                            why ? why : "the connection was lost");
    PQclear(*out_result);
    *out_result = NULL;
    return rc;
}

static enum rc run_only(struct pg_connection *connection, const char *sql, struct fault *fault)
{
    PGresult *result = NULL;
    enum rc rc = run(connection, sql, &result, fault);

    PQclear(result);
    return rc;
}

/* A number that one row of one column says; 0: there is no row. */
static enum rc ask_number(struct pg_connection *connection, const char *sql, int *out, struct fault *fault)
{
    PGresult *result = NULL;
    enum rc rc = run(connection, sql, &result, fault);

    *out = rc == RC_OK && PQntuples(result) ? atoi(PQgetvalue(result, 0, 0)) : 0;
    PQclear(result);
    return rc;
}

static enum rc migrate(struct pg_connection *connection, struct fault *fault)
{
    int version = 0;
    enum rc rc = run_only(connection,
                          "BEGIN; SELECT pg_advisory_xact_lock(1297109844, 0);"
                          "CREATE TABLE IF NOT EXISTS milepost_schema(version int4 NOT NULL)",
                          fault);

    if (rc == RC_OK)
        rc = ask_number(connection, "SELECT max(version) FROM milepost_schema", &version, fault);
    if (rc == RC_OK && version > SCHEMA_VERSION)
        rc = fault_text(fault, RC_INVALID, "the database cannot be used",
                        "a newer version has changed its tables (version %d; this one knows %d)", version,
                        SCHEMA_VERSION);
    for (int next = version + 1; rc == RC_OK && next <= SCHEMA_VERSION; next++) {
        char number[80];
        (void)snprintf(number, sizeof number, "INSERT INTO milepost_schema VALUES (%d)", next); /* fits */
        rc = run_only(connection, migrations[next], fault);
        if (rc == RC_OK)
            rc = run_only(connection, number, fault);
    }
    if (rc == RC_OK)
        return run_only(connection, "COMMIT", fault);
    struct fault ignored;
    (void)!run_only(connection, "ROLLBACK", &ignored); /* what went wrong is said */
    return rc;
}

static enum rc find_log(struct pg_connection *connection, const char *log_name, int32_t *out_log,
                        struct fault *fault)
{
    char *quoted = PQescapeLiteral(connection->conn, log_name, strlen(log_name));
    size_t size = quoted ? 2 * strlen(quoted) + 200 : 0;
    char *sql = quoted ? malloc(size) : NULL;
    int number = 0;
    enum rc rc = sql ? RC_OK : fault_no_memory(fault);

    if (rc == RC_OK) {
        (void)snprintf(sql, size,
                       "INSERT INTO milepost_log(name) SELECT %s WHERE NOT EXISTS (SELECT 1 FROM milepost_log"
                       " WHERE name = %s) ON CONFLICT DO NOTHING",
                       quoted, quoted); /* fits */
        rc = run_only(connection, sql, fault);
    }
    if (rc == RC_OK) {
        (void)snprintf(sql, size, "SELECT log FROM milepost_log WHERE name = %s", quoted); /* fits */
        rc = ask_number(connection, sql, &number, fault);
    }
    *out_log = number;
    free(sql);
    PQfreemem(quoted);
    return rc;
}

enum rc postgres_schema_bring_up(struct pg_connection *connection, const char *log_name, int32_t *out_log,
                                 struct fault *fault)
{
    int known = 0;
    enum rc rc =
        ask_number(connection, "SELECT (to_regclass('milepost_schema') IS NOT NULL)::int4", &known, fault);
    int version = 0;

    if (rc == RC_OK && known)
        rc = ask_number(connection, "SELECT max(version) FROM milepost_schema", &version, fault);
    if (rc == RC_OK && version != SCHEMA_VERSION)
        rc = migrate(connection, fault);
    return rc == RC_OK ? find_log(connection, log_name, out_log, fault) : rc;
}

bool postgres_is_durable(struct pg_connection *connection, const char **out_note)
{
    struct fault fault;
    int off = 0;
    enum rc rc = ask_number(connection,
                            "SELECT count(*) FROM pg_settings WHERE name IN ('fsync', 'full_page_writes')"
                            " AND setting = 'off'",
                            &off, &fault);

    *out_note = rc == RC_OK && off ? "fsync or full_page_writes is off in the database: after a power cut"
                                     " what was acknowledged may be gone"
                                   : NULL;
    return *out_note == NULL;
}
