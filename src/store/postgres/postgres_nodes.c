#include "store/postgres/postgres_nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/monotonic.h"
#include "store/postgres/postgres_session.h"

/* After so long without a word a node does not count as one that runs; after a minute its row goes. By the
 * server's clock, which is the one that all nodes share. */
#define HEARD_OF "seen > now() - interval '15 s'"
#define IS_GONE "seen < now() - interval '60 s'"

enum {
    KEPT_MS = 60000,    /* for so long what was known is told on, without a database */
    UNHEARD_MS = 12000, /* less than HEARD_OF: after so long without a word it enters again */
};

/* Appends a text as SQL has it; false: out of memory. */
static bool put_literal(struct buf *sql, PGconn *conn, const char *text)
{
    char *quoted = PQescapeLiteral(conn, text, strlen(text));

    if (quoted)
        buf_text(sql, quoted);
    PQfreemem(quoted); /* NULL is fine */
    return quoted && !sql->failed;
}

/* This node's row, with how far it is. */
static bool put_row(const struct postgres_log *log, PGconn *conn, struct buf *sql)
{
    const struct log_presence *self = log->nodes.self;
    long long sequence = (long long)self->sequence(self->arg);

    buf_printf(sql,
               "INSERT INTO milepost_node(log, node, name, settings, sequence, lag, seen) SELECT %d, '%s', ",
               (int)log->number, self->identity);
    bool well = put_literal(sql, conn, self->name);
    buf_text(sql, ", ");
    well = well && put_literal(sql, conn, self->settings);
    buf_printf(sql,
               ", %lld, greatest(0, coalesce((SELECT last FROM milepost_turn WHERE log = %d"
               " ORDER BY turn DESC LIMIT 1), 0) - %lld), now() ON CONFLICT (log, node) DO UPDATE SET"
               " name = excluded.name, settings = excluded.settings, sequence = excluded.sequence,"
               " lag = excluded.lag, seen = excluded.seen;",
               sequence, (int)log->number, sequence);
    return well && !sql->failed;
}

/* Runs what was written; false: it failed, or could not be written. The result is for the caller to clear. */
static bool run(struct pg_connection *connection, struct buf *sql, PGresult **out_result)
{
    buf_char(sql, '\0');
    *out_result = NULL;
    return !sql->failed && pg_run(connection, sql->bytes, monotonic_ms() + ASK_MS, out_result);
}

/* ---- entering ---- */

/* The value of the line that begins at a text, and where the next begins. */
static size_t line_of(const char *text)
{
    return strcspn(text, "\n");
}

/* The first setting that differs, in words. */
static enum rc refuse(const struct log_presence *self, const char *name, const char *theirs,
                      struct fault *fault)
{
    static const char other[] = "a setting";
    const char *mine = self->settings;
    size_t own_size = line_of(mine), their_size = line_of(theirs);

    while (own_size && own_size == their_size && memcmp(mine, theirs, own_size) == 0) {
        mine += own_size + (mine[own_size] == '\n');
        theirs += their_size + (theirs[their_size] == '\n');
        own_size = line_of(mine);
        their_size = line_of(theirs);
    }
    int word = (int)strcspn(mine, "=\n");
    return fault_text(
        fault, RC_CONFLICT, "the nodes of a log have the same settings",
        "%.*s here, %.*s on the node %s, which runs: %.*s must be the same on all nodes of a log;"
        " stop the others first to change it",
        (int)own_size, mine, (int)their_size, theirs, name, word ? word : (int)sizeof other - 1,
        word ? mine : other);
}

/* Whether a node that runs has other settings. RC_CONFLICT. */
static enum rc compare(const struct postgres_log *log, struct pg_connection *connection, struct fault *fault)
{
    const struct log_presence *self = log->nodes.self;
    struct buf sql = {0};
    PGresult *row = NULL;

    buf_printf(&sql,
               "SELECT name, settings FROM milepost_node WHERE log = %d AND node <> '%s' AND " HEARD_OF
               " AND settings <> ",
               (int)log->number, self->identity);
    bool well = put_literal(&sql, connection->conn, self->settings);
    buf_text(&sql, " ORDER BY seen DESC LIMIT 1");
    well = well && run(connection, &sql, &row);
    enum rc rc = well ? RC_OK : fault_text(fault, RC_BUSY, postgres_unreachable, "%s", pg_why(&row, 1));
    if (rc == RC_OK && PQntuples(row))
        rc = refuse(self, PQgetvalue(row, 0, 0), PQgetvalue(row, 0, 1), fault);
    PQclear(row);
    buf_done(&sql);
    return rc;
}

/* Under a lock of its own, so that of two that enter at once one is the first. */
static enum rc enter(const struct postgres_log *log, struct pg_connection *connection, struct fault *fault)
{
    struct buf sql = {0};
    PGresult *result = NULL;

    buf_printf(&sql, "BEGIN; SELECT pg_advisory_xact_lock(1297109845, %d)", (int)log->number); /* MPSU */
    bool well = run(connection, &sql, &result);
    enum rc rc = well ? compare(log, connection, fault)
                      : fault_text(fault, RC_BUSY, postgres_unreachable, "%s", pg_why(&result, 1));
    PQclear(result);
    buf_clear(&sql);
    if (rc != RC_OK || !put_row(log, connection->conn, &sql)) {
        buf_done(&sql);
        return rc == RC_OK ? fault_no_memory(fault)
                           : rc; /* the connection is closed, and all is taken back */
    }
    /* whoever had the name before is another start of this node, on a directory that is gone */
    buf_printf(&sql,
               "DELETE FROM milepost_node WHERE log = %d AND node <> '%s' AND name = ", (int)log->number,
               log->nodes.self->identity);
    well = put_literal(&sql, connection->conn, log->nodes.self->name);
    buf_text(&sql, "; COMMIT");
    well = well && run(connection, &sql, &result);
    if (!well)
        rc = fault_text(fault, RC_BUSY, postgres_unreachable, "%s", pg_why(&result, 1));
    PQclear(result);
    buf_done(&sql);
    return rc;
}

static enum rc enter_now(struct postgres_log *log, struct fault *fault)
{
    struct pg_connection connection = {.conn = NULL};
    int64_t began_ms = monotonic_ms();
    enum rc rc = pg_connect(&connection, log->url, false, CONNECT_MS, fault);

    if (rc == RC_OK)
        rc = enter(log, &connection, fault);
    pg_disconnect(&connection);
    if (rc == RC_OK)
        atomic_store(&log->nodes.told_ms, began_ms);
    else
        fault->field = "database";
    return rc;
}

static bool is_unheard(const struct postgres_log *log)
{
    return log->nodes.self && monotonic_ms() - atomic_load(&log->nodes.told_ms) >= UNHEARD_MS;
}

enum rc postgres_nodes_connect(struct postgres_log *log, struct pg_connection *connection, bool statements,
                               struct fault *fault)
{
    bool had = connection->conn && PQstatus(connection->conn) == CONNECTION_OK;
    enum rc rc = pg_connect(connection, log->url, statements, CONNECT_MS, fault);

    if (rc == RC_OK && log->nodes.self && (!had || is_unheard(log)))
        rc = enter_now(log, fault);
    if (rc != RC_OK && !had)
        pg_disconnect(connection); /* so that the next try enters again */
    return rc;
}

enum rc postgres_enter(struct log *log, const struct log_presence *presence, struct fault *fault)
{
    struct postgres_log *mine = postgres_of(log);

    if (strspn(presence->identity, "0123456789abcdef") != strlen(presence->identity))
        return fault_set(fault, RC_INTERNAL, NULL,
                         "events.db is damaged or not milepost's; restore a backup");
    mine->nodes.self = presence;
    enum rc rc = enter_now(mine, fault);
    if (rc != RC_OK)
        mine->nodes.self = NULL;
    return rc;
}

/* ---- while it runs ---- */

static void take(struct postgres_log *log, const PGresult *rows)
{
    struct postgres_nodes *nodes = &log->nodes;

    (void)pthread_mutex_lock(&nodes->lock);
    nodes->known_ms = monotonic_ms();
    nodes->count = 0;
    for (int i = 0; i < PQntuples(rows) && nodes->count < LOG_NODES_MAX; i++) {
        struct log_node *node = &nodes->known[nodes->count++];
        (void)snprintf(node->name, sizeof node->name, "%s", PQgetvalue(rows, i, 0)); /* cut is fine */
        node->sequence = strtoull(PQgetvalue(rows, i, 1), NULL, 10);
        node->lag = strtoull(PQgetvalue(rows, i, 2), NULL, 10);
        node->self = strcmp(PQgetvalue(rows, i, 3), log->nodes.self->identity) == 0;
    }
    (void)pthread_mutex_unlock(&nodes->lock);
}

bool postgres_nodes_tell(struct postgres_log *log, struct pg_connection *connection)
{
    struct buf sql = {0};
    PGresult *rows = NULL;
    int number = (int)log->number;
    int64_t began_ms = monotonic_ms();
    struct fault fault;

    if (!log->nodes.self)
        return true;
    if (is_unheard(log) && enter_now(log, &fault) != RC_OK)
        return false;
    /* what is lost of it in a crash is said again soon: nobody waits for a disk */
    buf_printf(&sql,
               "SET synchronous_commit = off; DELETE FROM milepost_node WHERE log = %d AND " IS_GONE ";",
               number);
    buf_printf(&sql,
               "DELETE FROM milepost_left WHERE (log, name) IN (SELECT log, name FROM milepost_left"
               " WHERE log = %d AND until < now() FOR UPDATE SKIP LOCKED);",
               number); /* what nobody claimed */
    bool well = put_row(log, connection->conn, &sql);
    buf_printf(&sql,
               "SELECT name, sequence, CASE WHEN " HEARD_OF " THEN lag ELSE greatest(0, coalesce((SELECT last"
               " FROM milepost_turn WHERE log = %d ORDER BY turn DESC LIMIT 1), 0) - sequence) END, node"
               " FROM milepost_node WHERE log = %d ORDER BY name, node LIMIT %d",
               number, number, LOG_NODES_MAX);
    well = well && run(connection, &sql, &rows);
    if (well) {
        take(log, rows);
        atomic_store(&log->nodes.told_ms, began_ms);
    }
    PQclear(rows);
    buf_done(&sql);
    return connection->conn != NULL; /* a read-only server is no reason to hear nothing */
}

void postgres_nodes_leave(struct postgres_log *log, struct pg_connection *connection)
{
    struct buf sql = {0};
    PGresult *result = NULL;

    if (!log->nodes.self || !connection->conn)
        return;
    buf_printf(&sql, "DELETE FROM milepost_node WHERE log = %d AND node = '%s'", (int)log->number,
               log->nodes.self->identity);
    (void)run(connection, &sql, &result); /* else it goes in a minute */
    PQclear(result);
    buf_done(&sql);
}

size_t postgres_nodes(struct log *log, struct log_node *out, size_t max)
{
    struct postgres_nodes *nodes = &postgres_of(log)->nodes;

    (void)pthread_mutex_lock(&nodes->lock);
    bool is_young = monotonic_ms() - nodes->known_ms < KEPT_MS;
    size_t count = 0;
    for (size_t i = 0; i < nodes->count && count < max; i++)
        if (is_young || nodes->known[i].self)
            out[count++] = nodes->known[i];
    (void)pthread_mutex_unlock(&nodes->lock);
    return count;
}
