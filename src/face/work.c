#include "face/work.h"

#include "http/seal.h"

#include <xxhash.h>

struct work {
    struct job job; /* first: the worker gives it back */
    struct request *request;
    enum rc (*work)(struct request *request, struct fault *fault);
    void (*then)(struct request *request);
    void *handler_state; /* the handler's own, which then finds again */
    enum rc rc;
    struct fault fault;
};

static void run_work(struct job *job)
{
    struct work *work = (struct work *)job;

    work->rc = job->closing ? fault_set(&work->fault, RC_BUSY, NULL, "the server is stopping")
                            : work->work(work->request, &work->fault);
    if (work->rc == RC_OK && !work->then) {
        request_reply(work->request, 200, "application/json");
        request_seal(work->request);
    }
    request_resume(work->request);
}

static void worked(struct request *request)
{
    struct work *work = request->handler_state;

    request->handler_state = work->handler_state;
    if (work->rc != RC_OK) {
        buf_clear(&request->out); /* what was written before the refusal */
        request_fail(request, work->rc, &work->fault);
    } else if (work->then) {
        work->then(request);
    } /* else it is answered and sealed */
}

/* The line a caller's work waits in. Two callers may share one, by a chance that nobody can bring about. */
uint64_t face_line(struct request *request)
{
    const struct caller *caller = face_caller(request);

    return XXH3_64bits_withSeed(caller->id, caller->id_size, face_of(request)->line_seed);
}

enum rc face_queue(struct request *request, struct job *job, struct fault *fault)
{
    enum rc rc = worker_do(face_of(request)->worker, job, face_line(request));

    if (rc == RC_TOO_MANY)
        return fault_set(fault, rc, NULL, "too many of your requests are waiting");
    return rc == RC_OK ? rc : fault_set(fault, rc, NULL, "too many requests of this kind; try again");
}

static void begin_work(struct request *request, enum rc (*work)(struct request *request, struct fault *fault),
                       void (*then)(struct request *request), bool is_long)
{
    struct work *job = arena_alloc(&request->arena, sizeof *job);

    if (!job) {
        request_fail(request, RC_BUSY, &(struct fault){NULL, "out of memory"});
        return;
    }
    *job = (struct work){.job = {.run = run_work, .is_long = is_long},
                         .request = request,
                         .work = work,
                         .then = then,
                         .handler_state = request->handler_state};
    request->handler_state = job;
    request_suspend(request, worked);
    struct fault fault = {NULL, NULL};
    enum rc rc = face_queue(request, &job->job, &fault);
    if (rc != RC_OK) { /* else it is the worker's by now */
        job->rc = rc;
        job->fault = fault;
        request_resume(request);
    }
}

void face_work(struct request *request, enum rc (*work)(struct request *request, struct fault *fault),
               void (*then)(struct request *request))
{
    begin_work(request, work, then, false);
}

void face_work_long(struct request *request, enum rc (*work)(struct request *request, struct fault *fault),
                    void (*then)(struct request *request))
{
    begin_work(request, work, then, true);
}
