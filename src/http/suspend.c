#include "http/suspend.h"

#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "base/monotonic.h"
#include "http/bodies.h"
#include "http/loop.h"

enum {
    SPARES_MAX = 64,        /* requests a loop keeps for reuse, */
    SPARE_BYTES = 8 * 1024, /* with buffers no larger than that */
};

/* Of a request that is held: who comes first, the one that resumes it or the end of its connection. */
enum wait { WAIT_NOT, WAIT_WAITING, WAIT_RESUMED, WAIT_ORPHANED };

static _Thread_local struct {
    struct request *first;
    unsigned count;
} spares;

static struct MHD_Connection *connection_of(struct request *request)
{
    return (struct MHD_Connection *)request->connection;
}

struct request *request_begin(struct http_connection *connection, const char *target, atomic_uint *open)
{
    struct request *request = spares.first;

    if (request) {
        struct arena arena = request->arena;
        struct buf body = request->body, out = request->out;
        spares.first = request->next_waiting;
        spares.count--;
        memset(request, 0, sizeof *request);
        request->arena = arena;
        request->body = body;
        request->out = out;
    } else {
        request = calloc(1, sizeof *request);
        if (!request)
            return NULL;
        arena_init(&request->arena);
    }
    request->connection = connection;
    request->open = open;
    request->loop = loop_current();
    request->begun_us = monotonic_us();
    request->target = arena_copy(&request->arena, target, strlen(target));
    atomic_fetch_add(open, 1);
    return request;
}

static void free_request(struct request *request)
{
    buf_done(&request->body);
    buf_done(&request->out);
    arena_done(&request->arena);
    free(request);
}

static void trim(struct buf *buf)
{
    if (buf->capacity > SPARE_BYTES || buf->failed)
        buf_done(buf);
    buf_clear(buf);
}

static void give_back(struct request *request)
{
    atomic_uint *open = request->open;

    if (request->charged)
        bodies_give(request->bodies, request->payer, request->charged);
    if (request->loop == loop_current() && spares.count < SPARES_MAX) {
        trim(&request->body);
        trim(&request->out);
        arena_reset(&request->arena);
        request->next_waiting = spares.first;
        spares.first = request;
        spares.count++;
    } else {
        free_request(request);
    }
    atomic_fetch_sub(open, 1);
}

void request_spares_free(void)
{
    for (struct request *request = spares.first, *next; request; request = next) {
        next = request->next_waiting;
        free_request(request);
    }
    spares.first = NULL;
    spares.count = 0;
}

void request_end(struct request *request)
{
    int waiting = WAIT_WAITING;

    if (atomic_load(&request->wait) != WAIT_NOT)
        loop_unwatch(request->loop);
    if (!atomic_compare_exchange_strong(&request->wait, &waiting, WAIT_ORPHANED))
        give_back(request);
}

bool request_is_waiting(struct request *request)
{
    if (atomic_load(&request->wait) == WAIT_WAITING)
        return true;
    if (atomic_load(&request->wait) == WAIT_RESUMED) {
        atomic_store(&request->wait, WAIT_NOT);
        loop_unwatch(request->loop);
    }
    return false;
}

void request_suspend_connection(struct request *request)
{
    loop_count_suspended(request->loop, 1);
    MHD_suspend_connection(connection_of(request)); /* before anybody can resume it */
}

/* The request whose handler runs on this thread, apart from its loop. */
static _Thread_local struct {
    struct request *request;
    bool given; /* to somebody who resumes it */
} apart;

void request_suspend(struct request *request, void (*resumed)(struct request *request))
{
    request->resumed = resumed;
    if (apart.request == request) {
        apart.given = true; /* it is suspended already */
        return;
    }
    request->suspended = true;
    request_suspend_connection(request);
}

void request_wait(struct request *request, void (*resumed)(struct request *request))
{
    if (apart.request == request) {
        request->deferred = resumed; /* only its loop can hold it */
        return;
    }
    if (loop_watch(request->loop)) {
        request->resumed = resumed;
        request->suspended = true;
        atomic_store(&request->wait, WAIT_WAITING);
    } else {
        request_suspend(request, resumed);
    }
    loop_defer(request->loop, request);
}

void request_handle_apart(struct request *request, void (*handler)(struct request *request))
{
    apart.request = request;
    apart.given = false;
    handler(request); /* once given, it may be gone */
    bool given = apart.given;
    apart.request = NULL;
    if (given)
        return;
    if (request->answered)
        request_seal(request);
    request_resume(request);
}

void request_handled_apart(struct request *request)
{
    void (*deferred)(struct request * request) = request->deferred;

    request->deferred = NULL;
    if (deferred)
        request_wait(request, deferred);
}

void request_resume(struct request *request)
{
    struct loop *loop = request->loop; /* once resumed, the request may be gone */
    int waiting = WAIT_WAITING;

    if (atomic_load(&request->wait) == WAIT_NOT) {
        MHD_resume_connection(connection_of(request));
        loop_wake(loop);
        loop_count_suspended(loop, -1);
        return;
    } else if (!atomic_compare_exchange_strong(&request->wait, &waiting, WAIT_RESUMED)) {
        give_back(request); /* its connection is gone */
        return;
    }
    loop_wake(loop);
}
