#include "postgres_server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HAVE_POSTGRES
#include <libpq-fe.h>

static char directory[64], url[160];
static atomic_bool deadly;
static pthread_t killer;

/* Of cluster.sh; its exit status. */
static int cluster(const char *what)
{
    char command[512];

    (void)snprintf(command, sizeof command, "%s/cluster.sh %s %s", TESTS_STORE, what, directory); /* fits */
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void die(const char *why)
{
    (void)fprintf(stderr, "the PostgreSQL server of the test: %s\n", why); /* nowhere else to say it */
    abort();
}

bool postgres_server_start(void)
{
    (void)snprintf(directory, sizeof directory, "/tmp/milepost-postgres-%d", (int)getpid());  /* fits */
    (void)snprintf(url, sizeof url, "postgres:///milepost?host=%s&user=milepost", directory); /* fits */
    int status = cluster("start");
    if (status == 3)
        directory[0] = '\0';
    else if (status != 0)
        die("does not start");
    return status == 0;
}

void postgres_server_stop(void)
{
    if (directory[0])
        (void)cluster("remove"); /* what is left lies in /tmp */
    directory[0] = '\0';
}

const char *postgres_server_url(void)
{
    return url;
}

static PGconn *enter(void)
{
    PGconn *conn = PQconnectdb(url);

    if (PQstatus(conn) != CONNECTION_OK)
        die(PQerrorMessage(conn));
    return conn;
}

void postgres_server_run(const char *sql, long *out_number)
{
    PGconn *conn = enter();
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        die(PQerrorMessage(conn));
    if (out_number)
        *out_number = PQntuples(result) ? atol(PQgetvalue(result, 0, 0)) : 0;
    PQclear(result);
    PQfinish(conn);
}

static void *kill_some(void *arg)
{
    PGconn *conn = enter();
    unsigned state = 1;

    while (atomic_load(&deadly)) {
        PQclear(PQexec(conn, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                             " WHERE application_name = 'milepost' AND random() < 0.6"));
        state = state * 1103515245u + 12345u;
        (void)usleep(15000 + state / 65536 % 60000);
    }
    PQfinish(conn);
    return arg;
}

void postgres_server_set_deadly(bool is)
{
    if (is == atomic_exchange(&deadly, is))
        return;
    if (is && pthread_create(&killer, NULL, kill_some, NULL) != 0)
        die("no thread");
    if (!is)
        (void)pthread_join(killer, NULL);
}

#else /* a program without libpq: no test of it runs */

bool postgres_server_start(void)
{
    return false;
}

void postgres_server_stop(void)
{
}

const char *postgres_server_url(void)
{
    return "";
}

void postgres_server_run(const char *sql, long *out_number)
{
    (void)sql;
    (void)out_number;
}

void postgres_server_set_deadly(bool is)
{
    (void)is;
}
#endif
