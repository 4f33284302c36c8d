#include "store/postgres/postgres_listener.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/monotonic.h"
#include "store/postgres/postgres_nodes.h"
#include "store/postgres/postgres_session.h"

enum {
    AGAIN_MS = 500, /* after a connection was lost, or could not be had */
    SAID_MS = 3000, /* then that it cannot be had is said */
};

struct listener {
    pthread_t thread;
    int stop; /* an eventfd: readable when it is the end */
    struct postgres_log *log;
    char own[64], others[16]; /* what a hint says: of this node's own writes; how those of this log begin */
    void (*wake)(void *arg);
    void *arg;
    struct pg_connection connection;
    int64_t failing_ms; /* monotonic, since when it could not be had; 0: it could */
    bool said;          /* that it cannot be had */
};

/* False: it is the end. */
static bool rest(const struct listener *listener, int ms)
{
    struct pollfd stop = {listener->stop, POLLIN, 0};
    return poll(&stop, 1, ms) <= 0;
}

static void take_hints(const struct listener *listener)
{
    bool others = false;

    for (PGnotify *hint; (hint = PQnotifies(listener->connection.conn));) {
        others |= strncmp(hint->extra, listener->others, strlen(listener->others)) == 0 &&
                  strcmp(hint->extra, listener->own) != 0;
        PQfreemem(hint);
    }
    if (others)
        listener->wake(listener->arg);
}

/* Until the connection is lost, true; false: it is the end. */
static bool listen_on(struct listener *listener)
{
    PGconn *conn = listener->connection.conn;

    listener->wake(listener->arg); /* what came before was not heard */
    for (int64_t told_ms = 0;;) {
        int64_t since_ms = monotonic_ms() - told_ms;
        if (!told_ms || since_ms >= NODES_EVERY_MS) {
            if (!postgres_nodes_tell(listener->log, &listener->connection))
                return true;
            take_hints(listener); /* those that came with the answer */
            told_ms = monotonic_ms();
            since_ms = 0;
        }
        struct pollfd fds[2] = {{PQsocket(conn), POLLIN, 0}, {listener->stop, POLLIN, 0}};
        if (poll(fds, 2, (int)(NODES_EVERY_MS - since_ms)) < 0)
            continue;
        if (fds[1].revents)
            return false;
        if (!PQconsumeInput(conn) || PQstatus(conn) != CONNECTION_OK)
            return true;
        take_hints(listener);
    }
}

static enum rc begin_listening(struct listener *listener, struct fault *fault)
{
    PGresult *result = NULL;
    enum rc rc = postgres_nodes_connect(listener->log, &listener->connection, false, fault);

    if (rc == RC_OK && !pg_run(&listener->connection, "LISTEN milepost", monotonic_ms() + ASK_MS, &result))
        rc = fault_text(fault, RC_BUSY, postgres_unreachable, "%s", pg_why(&result, 1));
    PQclear(result);
    return rc;
}

/* Once until it can again: without hints a node goes on, and follows the others later. */
static void note(struct listener *listener, const struct fault *failed)
{
    char text[300];

    if (!failed) {
        if (listener->said)
            listener->log->say("database", "the others' hints are heard again");
        listener->said = false;
        listener->failing_ms = 0;
        return;
    }
    if (!listener->failing_ms)
        listener->failing_ms = monotonic_ms();
    if (listener->said || !listener->log->say || monotonic_ms() - listener->failing_ms < SAID_MS)
        return;
    (void)snprintf(text, sizeof text,
                   "the others' hints are not heard, what they write is followed later: %s",
                   fault_why(failed)); /* cut is fine */
    listener->log->say("database", text);
    listener->said = true;
}

static void *listener_main(void *arg)
{
    struct listener *listener = arg;
    bool goes_on = true;

    (void)pthread_setname_np(pthread_self(), "listener"); /* for who looks at the threads */
    while (goes_on) {
        struct fault fault = {NULL, NULL};
        bool listens = begin_listening(listener, &fault) == RC_OK;
        note(listener, listens ? NULL : &fault);
        if (listens)
            goes_on = listen_on(listener);
        if (!goes_on)
            postgres_nodes_leave(listener->log, &listener->connection);
        pg_disconnect(&listener->connection);
        goes_on = goes_on && rest(listener, AGAIN_MS);
    }
    return NULL;
}

struct listener *listener_new(struct postgres_log *log, void (*wake)(void *arg), void *arg)
{
    struct listener *listener = calloc(1, sizeof *listener);

    if (!listener)
        return NULL;
    listener->log = log;
    listener->stop = eventfd(0, EFD_CLOEXEC);
    listener->wake = wake;
    listener->arg = arg;
    (void)snprintf(listener->others, sizeof listener->others, "%d ", (int)log->number); /* these fit */
    int at = snprintf(listener->own, sizeof listener->own, "%d ", (int)log->number);
    for (int i = 0; i < 16; i++)
        at += snprintf(listener->own + at, sizeof listener->own - (size_t)at, "%02x", log->node[i]);
    if (listener->stop >= 0 && pthread_create(&listener->thread, NULL, listener_main, listener) == 0)
        return listener;
    if (listener->stop >= 0)
        (void)close(listener->stop);
    free(listener);
    return NULL;
}

void listener_free(struct listener *listener)
{
    const uint64_t one = 1;

    if (!listener)
        return;
    ssize_t told = write(listener->stop, &one, sizeof one);
    (void)told; /* an eventfd takes it */
    (void)pthread_join(listener->thread, NULL);
    (void)close(listener->stop);
    free(listener);
}
