#include "http/suspend.h"

#include <microhttpd.h>

#include "http/answer_stream.h"
#include "http/bodies.h"
#include "http/carried.h"
#include "http/loop.h"
#include "http/mhd_request.h"
#include "http/request_pool.h"
#include "http/seal.h"

/* Of a request that is held: who comes first, the one that resumes it or the end of its connection. */
enum wait { WAIT_NOT, WAIT_WAITING, WAIT_RESUMED, WAIT_ORPHANED };

/* The last holder lets go. */
static void give_back(struct request *request)
{
    atomic_uint *open = request->open;
    bool here = request->loop == loop_current();

    if (request->stream)
        request->stream->end(request);
    if (request->charged)
        bodies_give(request->bodies, request->payer, request->charged);
    request_pool_give(here ? loop_requests(request->loop) : NULL, request);
    atomic_fetch_sub(open, 1);
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
    if (!request->carrier)
        request_suspend_connection(request);
}

static void begin_wait(struct request *request, void (*resumed)(struct request *request), bool is_watched)
{
    if (apart.request == request) {
        request->deferred = resumed; /* only its loop can hold it */
        return;
    }
    if (request->carrier) {
        request_suspend(request, resumed);
        request->carrier->wait(request);
        return;
    }
    if (is_watched && loop_watch(request->loop)) {
        request->resumed = resumed;
        request->suspended = true;
        atomic_store(&request->wait, WAIT_WAITING);
    } else {
        request_suspend(request, resumed);
    }
    loop_defer(request->loop, request);
}

void request_wait(struct request *request, void (*resumed)(struct request *request))
{
    begin_wait(request, resumed, true);
}

void request_wait_long(struct request *request, void (*resumed)(struct request *request))
{
    begin_wait(request, resumed, false);
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

    if (request->carrier) {
        request->carrier->resume(request);
        return;
    }
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
