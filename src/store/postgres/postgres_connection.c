#include "store/postgres/postgres_connection.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/monotonic.h"

/* Tries of this process that failed: which of several hosts is asked first. */
static atomic_uint failures;

/* After a connection failed, so long nobody tries again: who waits is told at once. */
enum { REST_MS = 100 };

/* What a session is set to: what was acknowledged is on the disk, and who stops with the lock in its hands
 * loses it. tcp_user_timeout frees a server that sends to a node that takes nothing. */
static const char session_sql[] =
    "SET synchronous_commit = on; SET idle_in_transaction_session_timeout = '2s';"
    "SET lock_timeout = '5s'; SET tcp_user_timeout = '3s';"
    "SET default_transaction_isolation = 'read committed';"
    "SET client_min_messages = warning";

/* ---- arguments ---- */

static void add(struct pg_arguments *arguments, const void *value, size_t size)
{
    arguments->values[arguments->count] = value;
    arguments->sizes[arguments->count++] = (int)size;
}

void pg_argument_8(struct pg_arguments *arguments, int64_t value)
{
    uint64_t *number = &arguments->numbers[arguments->count];

    *number = htobe64((uint64_t)value);
    add(arguments, number, 8);
}

void pg_argument_4(struct pg_arguments *arguments, int32_t value)
{
    uint64_t *number = &arguments->numbers[arguments->count];
    uint32_t wire = htobe32((uint32_t)value);

    memcpy(number, &wire, 4);
    add(arguments, number, 4);
}

void pg_argument_bytes(struct pg_arguments *arguments, const void *bytes, size_t size)
{
    add(arguments, size ? bytes : "", size);
}

/* ---- connecting ---- */

bool pg_is_place(const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    bool is_place = options != NULL;

    PQconninfoFree(options);
    return is_place;
}

static void take_notice(void *arg, const PGresult *notice)
{
    struct pg_connection *connection = arg;

    (void)notice;
    connection->warned = true;
}

/* Waits until the socket is ready for what is asked. False: the time is over. */
static bool wait_for(PGconn *conn, short what, int64_t until_ms)
{
    for (;;) {
        int64_t left_ms = until_ms - monotonic_ms();
        struct pollfd socket = {PQsocket(conn), what, 0};
        if (left_ms <= 0 || socket.fd < 0)
            return false;
        int ready = poll(&socket, 1, (int)left_ms);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return ready > 0;
    }
}

static bool connect_within(PGconn *conn, int64_t until_ms)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;

    while (state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED || PQstatus(conn) == CONNECTION_BAD)
            return false;
        if (!wait_for(conn, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, until_ms))
            return false;
        state = PQconnectPoll(conn);
    }
    return true;
}

/* libpq names a host's failure in several lines; the last says most, but for advice, which is indented.
 * Never the password. */
static void keep_why(struct pg_connection *connection, const char *message)
{
    size_t start = strlen(message), size;

    do {
        size = start;
        while (size && (message[size - 1] == '\n' || message[size - 1] == ' '))
            size--;
        start = size;
        while (start && message[start - 1] != '\n')
            start--;
    } while (start && message[start] == '\t');
    if (size == start)
        message = "no answer", start = 0, size = 9;
    (void)snprintf(connection->failed, sizeof connection->failed, "%.*s", (int)(size - start),
                   message + start); /* cut is fine */
}

/* Whether more tries are of no use: the server is there, and refuses. Told by what it says, since libpq keeps
 * no SQLSTATE of a connection that failed. */
static bool is_refused(const char *message)
{
    static const char *const refusals[] = {"authentication failed",
                                           "does not exist",
                                           "pg_hba.conf",
                                           "no password supplied",
                                           "is not permitted to log in",
                                           "permission denied for database"};

    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strstr(message, refusals[i]))
            return true;
    return false;
}

static enum rc fail_connect(struct pg_connection *connection, struct fault *fault)
{
    connection->tried_ms = monotonic_ms();
    (void)atomic_fetch_add(&failures, 1); /* whoever tries next begins with another host */
    return fault_text(fault, is_refused(connection->failed) ? RC_INVALID : RC_BUSY,
                      "the database cannot be reached; try again", "%s", connection->failed);
}

static bool prepare_all(struct pg_connection *connection, int64_t until_ms)
{
    PGresult *results[PG_STATEMENT_COUNT];

    if (!PQenterPipelineMode(connection->conn))
        return false;
    for (int i = 0; i < PG_STATEMENT_COUNT; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "s%d", i); /* fits */
        if (!PQsendPrepare(connection->conn, name, pg_statement_texts[i], 0, NULL))
            return false;
    }
    bool taken = pg_take(connection, until_ms, results, PG_STATEMENT_COUNT);
    const char *state;
    bool well = taken && pg_all_well(results, PG_STATEMENT_COUNT, &state);
    if (!well)
        keep_why(connection, taken ? pg_why(results, PG_STATEMENT_COUNT) : "");
    pg_clear(results, PG_STATEMENT_COUNT);
    return well;
}

/* What the URL says of hosts, from another one on. */
struct places {
    char host[512], hostaddr[512], port[128];
};

/* "a,b,c" from its second member on is "b,c,a"; a list of one, or one too long, stays away. */
static void turn(const char *list, unsigned by, char *out, size_t size)
{
    size_t start = 0;
    unsigned members = 1;

    for (const char *at = list; *at; at++)
        members += *at == ',';
    for (by %= members; by; start++)
        by -= list[start] == ',';
    if (start && strlen(list) < size)
        (void)snprintf(out, size, "%s,%.*s", list + start, (int)(start - 1), list); /* fits */
}

/* libpq goes on to the next host when one refuses, not when one is silent, or closes what it has opened: so
 * each try of ours begins with another. */
static void turn_places(const char *url, unsigned by, struct places *out)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);

    *out = (struct places){.host = ""};
    for (PQconninfoOption *option = options; option && option->keyword; option++) {
        if (!option->val)
            continue;
        if (strcmp(option->keyword, "host") == 0)
            turn(option->val, by, out->host, sizeof out->host);
        else if (strcmp(option->keyword, "hostaddr") == 0)
            turn(option->val, by, out->hostaddr, sizeof out->hostaddr);
        else if (strcmp(option->keyword, "port") == 0)
            turn(option->val, by, out->port, sizeof out->port);
    }
    PQconninfoFree(options);
}

static PGconn *begin_connecting(const char *url, unsigned tries)
{
    enum { OURS = 7, MOST = 12 };
    /* what the URL says comes later, and wins */
    const char *names[MOST] = {
        "application_name", "keepalives_idle", "keepalives_interval",  "keepalives_count",
        "tcp_user_timeout", "connect_timeout", "target_session_attrs", "dbname"};
    const char *values[MOST] = {"milepost", "2", "1", "3", "3000", "3", "read-write", url};
    struct places places;
    size_t count = OURS + 1;

    turn_places(url, tries, &places);
    if (places.host[0])
        names[count] = "host", values[count++] = places.host;
    if (places.hostaddr[0])
        names[count] = "hostaddr", values[count++] = places.hostaddr;
    if (places.port[0])
        names[count] = "port", values[count++] = places.port;
    return PQconnectStartParams(names, values, 1);
}

enum rc pg_connect(struct pg_connection *connection, const char *url, bool statements, int64_t wait_ms,
                   struct fault *fault)
{
    int64_t now_ms = monotonic_ms();
    PGresult *result = NULL;

    if (connection->conn && PQstatus(connection->conn) == CONNECTION_OK)
        return RC_OK;
    pg_disconnect(connection);
    if (connection->failed[0] && now_ms - connection->tried_ms < REST_MS)
        return fault_text(fault, RC_BUSY, "the database cannot be reached; try again", "%s",
                          connection->failed);
    connection->conn = begin_connecting(url, atomic_load(&failures));
    if (!connection->conn)
        return fault_no_memory(fault);
    bool well = connect_within(connection->conn, now_ms + wait_ms);
    if (!well)
        keep_why(connection, PQerrorMessage(connection->conn));
    if (well) {
        (void)PQsetNoticeReceiver(connection->conn, take_notice, connection); /* gives the one before */
        well = PQsetnonblocking(connection->conn, 1) == 0 &&
               pg_run(connection, session_sql, now_ms + wait_ms, &result);
        if (!well)
            keep_why(connection, result ? PQresultErrorMessage(result) : "");
        PQclear(result);
    }
    if (well && statements)
        well = prepare_all(connection, now_ms + wait_ms);
    if (!well) {
        enum rc rc = fail_connect(connection, fault);
        pg_disconnect(connection);
        return rc;
    }
    connection->failed[0] = '\0';
    return RC_OK;
}

void pg_disconnect(struct pg_connection *connection)
{
    PQfinish(connection->conn); /* NULL is fine */
    connection->conn = NULL;
}

/* ---- statements ---- */

bool pg_send(struct pg_connection *connection, enum pg_statement statement,
             const struct pg_arguments *arguments)
{
    static const int binary[PG_ARGUMENTS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    char name[8];

    (void)snprintf(name, sizeof name, "s%d", (int)statement); /* fits */
    return connection->conn && PQsendQueryPrepared(connection->conn, name, arguments ? arguments->count : 0,
                                                   arguments ? arguments->values : NULL,
                                                   arguments ? arguments->sizes : NULL, binary, 1) == 1;
}

/* Sends what waits, and reads until libpq has something whole. False: lost, or the time is over. */
static bool wait_for_result(PGconn *conn, int64_t until_ms)
{
    for (;;) {
        int unsent = PQflush(conn);
        if (unsent < 0)
            return false;
        if (!unsent && !PQisBusy(conn))
            return true;
        if (!wait_for(conn, (short)(POLLIN | (unsent ? POLLOUT : 0)), until_ms) || !PQconsumeInput(conn))
            return false;
    }
}

/* Results up to the sync that ends them. */
static bool take_results(PGconn *conn, int64_t until_ms, PGresult **out_results, int count)
{
    for (int taken = 0;;) {
        if (!wait_for_result(conn, until_ms))
            return false;
        PGresult *result = PQgetResult(conn);
        if (!result && PQstatus(conn) != CONNECTION_OK)
            return false;
        if (!result)
            continue; /* one statement's results are over */
        if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            return PQstatus(conn) == CONNECTION_OK;
        }
        if (taken < count)
            out_results[taken++] = result;
        else
            PQclear(result); /* cannot be: each statement gives one */
    }
}

bool pg_take(struct pg_connection *connection, int64_t until_ms, PGresult **out_results, int count)
{
    for (int i = 0; i < count; i++)
        out_results[i] = NULL;
    if (connection->conn && PQpipelineSync(connection->conn) == 1 &&
        take_results(connection->conn, until_ms, out_results, count))
        return true;
    if (connection->conn)
        keep_why(connection, PQerrorMessage(connection->conn));
    pg_disconnect(connection);
    return false;
}

void pg_clear(PGresult **results, int count)
{
    for (int i = 0; i < count; i++) {
        PQclear(results[i]); /* NULL is fine */
        results[i] = NULL;
    }
}

static bool is_well(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

bool pg_all_well(PGresult *const *results, int count, const char **out_state)
{
    for (int i = 0; i < count; i++)
        if (!results[i] || !is_well(results[i])) {
            const char *state = results[i] ? PQresultErrorField(results[i], PG_DIAG_SQLSTATE) : NULL;
            *out_state = state ? state : "";
            return false;
        }
    *out_state = "";
    return true;
}

const char *pg_why(PGresult *const *results, int count)
{
    for (int i = 0; i < count; i++)
        if (results[i] && !is_well(results[i])) {
            const char *why = PQresultErrorField(results[i], PG_DIAG_MESSAGE_PRIMARY);
            return why ? why : "the server gave up";
        }
    return "the connection was lost";
}

int64_t pg_get_8(const PGresult *result, int row, int column)
{
    uint64_t value = 0;

    if (PQgetlength(result, row, column) == 8)
        memcpy(&value, PQgetvalue(result, row, column), 8);
    return (int64_t)be64toh(value);
}

int32_t pg_get_4(const PGresult *result, int row, int column)
{
    uint32_t value = 0;

    if (PQgetlength(result, row, column) == 4)
        memcpy(&value, PQgetvalue(result, row, column), 4);
    return (int32_t)be32toh(value);
}

const uint8_t *pg_get_bytes(const PGresult *result, int row, int column, size_t *out_size)
{
    *out_size = (size_t)PQgetlength(result, row, column);
    return (const uint8_t *)PQgetvalue(result, row, column);
}

bool pg_run(struct pg_connection *connection, const char *sql, int64_t until_ms, PGresult **out_result)
{
    *out_result = NULL;
    if (!connection->conn || !PQsendQuery(connection->conn, sql))
        return false;
    for (;;) {
        if (!wait_for_result(connection->conn, until_ms)) {
            PQclear(*out_result);
            *out_result = NULL;
            pg_disconnect(connection);
            return false;
        }
        PGresult *result = PQgetResult(connection->conn);
        if (!result)
            break;
        if (*out_result && !is_well(*out_result)) {
            PQclear(result); /* the first that failed counts */
            continue;
        }
        PQclear(*out_result);
        *out_result = result;
    }
    return *out_result && is_well(*out_result);
}
