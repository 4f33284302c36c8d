#include "store/postgres/postgres_left.h"

#include <string.h>

#include "base/monotonic.h"
#include "store/postgres/postgres_session.h"

/* Rows that nobody claims are taken out by the nodes as they tell of themselves (postgres_nodes.c). */

/* A connection that was lost meanwhile is no server that is away yet. To do it twice is fine: the second
 * claim of one that was lost under way finds nothing. Lock held. */
static enum rc try_twice(struct postgres_log *log, enum pg_statement statement,
                         const struct pg_arguments *arguments, PGresult **out_result, struct fault *fault)
{
    struct pg_connection *connection = &log->left.connection;
    bool had = connection->conn != NULL;
    const char *state;

    for (int tries = had ? 2 : 1; tries; tries--) {
        int64_t began_ms = monotonic_ms();
        enum rc rc = pg_connect(connection, log->url, true, CONNECT_MS, fault);
        if (rc != RC_OK)
            return rc;
        if (pg_send(connection, statement, arguments) &&
            pg_take(connection, began_ms + ASK_MS, out_result, 1) && pg_all_well(out_result, 1, &state))
            return RC_OK;
        (void)fault_text(fault, RC_BUSY, postgres_unreachable, "%s", pg_why(out_result, 1)); /* below */
        pg_clear(out_result, 1);
        *out_result = NULL;
        pg_disconnect(connection); /* also from a server that writes no more */
        if (monotonic_ms() - began_ms >= ASK_MS)
            break;
    }
    return RC_BUSY;
}

/* Who waited while another found the database away is told the same, and waits no longer. */
static enum rc ask(struct postgres_log *log, enum pg_statement statement,
                   const struct pg_arguments *arguments, PGresult **out_result, struct fault *fault)
{
    struct postgres_left *left = &log->left;
    int64_t began_ms = monotonic_ms();
    enum rc rc;

    *out_result = NULL;
    (void)pthread_mutex_lock(&left->lock);
    if (left->failed && left->failed_ms > began_ms) {
        rc = fault_set(fault, RC_BUSY, NULL, postgres_unreachable);
    } else {
        rc = try_twice(log, statement, arguments, out_result, fault);
        left->failed = rc != RC_OK;
        left->failed_ms = monotonic_ms();
    }
    (void)pthread_mutex_unlock(&left->lock);
    return rc == RC_OK ? rc : RC_BUSY; /* one that does not let this node in, too */
}

enum rc postgres_leave(struct log *log, const struct log_value *value, int seconds, struct fault *fault)
{
    struct postgres_log *mine = postgres_of(log);
    struct pg_arguments arguments = {.count = 0};
    PGresult *result;

    pg_argument_4(&arguments, mine->number);
    pg_argument_bytes(&arguments, value->name, strlen(value->name));
    pg_argument_bytes(&arguments, value->bytes, value->size);
    pg_argument_8(&arguments, seconds);
    enum rc rc = ask(mine, PG_LEAVE, &arguments, &result, fault);
    PQclear(result);
    return rc;
}

enum rc postgres_claim(struct log *log, const char *name, struct buf *out, struct fault *fault)
{
    struct postgres_log *mine = postgres_of(log);
    struct pg_arguments arguments = {.count = 0};
    PGresult *result;
    size_t size;

    pg_argument_4(&arguments, mine->number);
    pg_argument_bytes(&arguments, name, strlen(name));
    enum rc rc = ask(mine, PG_CLAIM, &arguments, &result, fault);
    if (rc == RC_OK && (!PQntuples(result) || PQgetisnull(result, 0, 0))) {
        rc = fault_set(fault, RC_NOT_FOUND, NULL, "nothing was left");
    } else if (rc == RC_OK) {
        const uint8_t *left = pg_get_bytes(result, 0, 0, &size);
        buf_add(out, left, size);
        rc = out->failed ? fault_no_memory(fault) : RC_OK;
    }
    PQclear(result);
    return rc;
}
