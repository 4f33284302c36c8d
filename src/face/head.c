#include "face/head.h"

#include "app/read_index.h"
#include "face/face.h"

struct head_wait {
    struct read_waiter waiter; /* first: the read index gives it back */
    struct request *request;
    void (*then)(struct request *request);
};

static void head_told(struct read_waiter *waiter)
{
    request_resume(((struct head_wait *)waiter)->request);
}

static void head_known(struct request *request)
{
    struct head_wait *wait = (struct head_wait *)face_call(request)->waiter;

    face_call(request)->waiter = NULL;
    if (wait->waiter.rc == RC_OK)
        wait->then(request);
    else
        request_fail(request, wait->waiter.rc, &wait->waiter.fault);
}

void head_wait(struct request *request, void (*then)(struct request *request))
{
    struct head_wait *wait = arena_alloc(&request->arena, sizeof *wait);

    if (!wait) {
        request_fail(request, RC_BUSY, &(struct fault){NULL, "out of memory"});
        return;
    }
    *wait = (struct head_wait){{.done = head_told}, request, then};
    face_call(request)->waiter = &wait->waiter;
    request_wait(request, head_known);
}
