#include "face/slow.h"

#include "face/csv_reply.h"
#include "face/steps.h"
#include "face/work.h"
#include "http/answer_stream.h"
#include "http/router.h"

void slow_close(struct slow *slow)
{
    if (slow_handler_of(slow)->close)
        slow_handler_of(slow)->close(slow);
}

/* As a table: the whole of it first. */
static enum rc work_whole(struct request *request, struct fault *fault)
{
    struct slow *slow = request->command;
    enum rc rc = RC_OK;

    slow->out.buf = &request->out;
    for (bool last = false; rc == RC_OK && !last;)
        rc = slow_handler_of(slow)->step(slow, &last, fault);
    return rc;
}

static void reply_whole(struct request *request)
{
    const struct slow_handler *handler = request->route->slow;

    face_reply_table(request, handler->table, handler->columns);
}

/* Closes it when the request ends, however that comes about. */
struct closing {
    struct answer_stream stream; /* only for its end; first */
    struct slow *slow;
};

static void close_whole(struct request *request)
{
    slow_close(((struct closing *)(void *)request->stream)->slow);
}

static void send_whole(struct slow *slow)
{
    struct request *request = slow->request;
    struct closing *closing = arena_alloc(&request->arena, sizeof *closing);

    if (!closing) {
        slow_close(slow);
        request_fail(request, RC_BUSY, &(struct fault){NULL, "out of memory"});
        return;
    }
    *closing = (struct closing){.stream.end = close_whole, .slow = slow};
    request_will_stream(request, &closing->stream);
    request->command = slow;
    (slow->is_long ? face_work_long : face_work)(request, work_whole, reply_whole);
}

static void send(struct slow *slow)
{
    struct request *request = slow->request;

    if (request->route->slow->table && csv_wanted(request))
        send_whole(slow);
    else
        steps_answer(slow);
}

/* ask: whether the caller may is asked here. */
static void open_and_send(struct slow *slow, bool ask)
{
    struct request *request = slow->request;
    const struct slow_handler *handler = slow_handler_of(slow);
    struct fault fault = {NULL, NULL};
    struct read read;
    struct view view = service_read_begin(face_of(request)->service);

    read_find(request, view, &read);
    enum rc rc = ask ? read_may(&read, &fault) : RC_OK;
    if (rc == RC_OK && handler->open)
        rc = handler->open(slow, &read, &fault);
    service_read_end(view);
    if (rc == RC_OK) {
        send(slow);
        return;
    }
    slow_close(slow);
    request_fail(request, rc, &fault);
}

void slow_open(struct slow *slow)
{
    open_and_send(slow, false);
}

static enum rc may(struct request *request, struct fault *fault)
{
    struct read read;
    struct view view = service_read_begin(face_of(request)->service);

    read_find(request, view, &read);
    enum rc rc = read_may(&read, fault);
    service_read_end(view);
    return rc;
}

void slow_handle(struct request *request)
{
    const struct slow_handler *handler = request->route->slow;
    struct fault fault = {NULL, NULL};
    struct slow *slow = arena_alloc(&request->arena, handler->state_bytes);
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = slow ? RC_OK : fault_no_memory(&fault);

    if (rc == RC_OK) {
        slow->request = request;
        slow->csv = handler->writes_csv && csv_wanted(request);
    }
    if (rc == RC_OK && request->route->takes)
        rc = face_body(request, SPELLING_EXACT, &body, &fault);
    if (rc == RC_OK && handler->decode)
        rc = handler->decode(slow, &body, &fault);
    if (rc == RC_OK && handler->before)
        rc = may(request, &fault);
    if (rc != RC_OK)
        request_fail(request, rc, &fault);
    else if (handler->before)
        handler->before(slow);
    else
        open_and_send(slow, !handler->asks_later);
}
