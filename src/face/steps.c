#include "face/steps.h"

#include "base/monotonic.h"
#include "face/csv_reply.h"
#include "face/work.h"
#include "http/answer_stream.h"
#include "http/seal.h"

enum {
    /* what ends before is sent with ETag and compressed; what does not, is streamed, */
    WHOLE_BYTES = 512 * 1024,
    PIECE_BYTES = 64 * 1024, /* in pieces of about this */
    TURN_US = 10 * 1000,     /* of a worker's thread, then the next caller's */
    INLINE_US = 500,         /* of an event loop's, for what is small */
};

struct carriage {
    struct job job; /* first: the worker gives it back */
    struct answer_stream stream;
    struct slow *slow;
    enum rc rc;
    struct fault fault;
    bool begun, held;
};

static struct carriage *carriage_of(struct request *request)
{
    return (struct carriage *)((char *)request->stream - offsetof(struct carriage, stream));
}

static const char *type_of(const struct slow *slow)
{
    return slow->csv ? CSV_TYPE : "application/json";
}

/* Steps until enough is there, all is, or the time is over: false. */
static bool fill(struct carriage *carriage, uint64_t turn_us)
{
    struct slow *slow = carriage->slow;
    struct buf *out = &slow->request->out;
    size_t enough = carriage->begun ? PIECE_BYTES : WHOLE_BYTES;
    uint64_t until_us = monotonic_us() + turn_us;

    for (;;) {
        slow->out.buf = out;
        carriage->rc = slow_handler_of(slow)->step(slow, &carriage->stream.last, &carriage->fault);
        if (carriage->rc == RC_OK && out->failed)
            carriage->rc = fault_no_memory(&carriage->fault);
        if (carriage->rc != RC_OK || carriage->stream.last || out->size >= enough)
            return true;
        if (monotonic_us() >= until_us)
            return false;
    }
}

static void run(struct job *job)
{
    struct carriage *carriage = (struct carriage *)job;

    if (job->closing) {
        carriage->rc = fault_set(&carriage->fault, RC_BUSY, NULL, "the server is stopping");
    } else if (!fill(carriage, TURN_US)) {
        worker_again(job);
        return;
    }
    if (carriage->rc == RC_OK && !carriage->stream.last && !carriage->held) {
        carriage->held = worker_hold(job);
        if (!carriage->held)
            carriage->rc =
                fault_set(&carriage->fault, RC_BUSY, NULL, "too many long answers are under way; try again");
    }
    carriage->stream.failed = carriage->rc != RC_OK;
    if (carriage->rc == RC_OK && carriage->stream.last && !carriage->begun) {
        request_reply(carriage->slow->request, 200, type_of(carriage->slow));
        request_seal(carriage->slow->request); /* tag and compression are the worker's, not the loop's */
    }
    request_resume(carriage->slow->request);
}

/* On a server thread: the answer, or its first piece. */
static void begin(struct request *request)
{
    struct carriage *carriage = carriage_of(request);

    if (request->answered)
        return; /* whole, on the worker */
    if (carriage->rc != RC_OK) {
        buf_clear(&request->out); /* what was written before the refusal */
        request_fail(request, carriage->rc, &carriage->fault);
    } else if (carriage->stream.last) {
        request_reply(request, 200, type_of(carriage->slow));
    } else {
        carriage->begun = true;
        request_stream(request, 200, type_of(carriage->slow));
    }
}

static void more(struct request *request)
{
    worker_again(&carriage_of(request)->job);
}

static void end(struct request *request)
{
    struct carriage *carriage = carriage_of(request);

    if (carriage->held)
        worker_release(&carriage->job);
    slow_close(carriage->slow);
}

void steps_answer(struct slow *slow)
{
    struct request *request = slow->request;
    struct carriage *carriage = arena_alloc(&request->arena, sizeof *carriage);
    struct fault fault = {NULL, NULL};

    if (!carriage) {
        slow_close(slow);
        request_fail(request, RC_BUSY, &(struct fault){NULL, "out of memory"});
        return;
    }
    *carriage = (struct carriage){
        .job = {.run = run, .is_long = slow->is_long}, .stream = {.more = more, .end = end}, .slow = slow};
    request_will_stream(request, &carriage->stream);
    if (slow->small && fill(carriage, INLINE_US) && (carriage->rc != RC_OK || carriage->stream.last)) {
        begin(request);
        return;
    }
    request_suspend(request, begin);
    enum rc rc = face_queue(request, &carriage->job, &fault);
    if (rc != RC_OK) { /* else it is the worker's by now */
        carriage->rc = rc;
        carriage->fault = fault;
        request_resume(request);
    }
}
