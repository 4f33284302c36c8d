#pragma once

#include "face/body.h"
#include "face/read.h"
#include "http/json_out.h"
#include "http/router.h"

/* A read whose work grows with what is stored, or waits for the disk or for another service: made in steps,
 * on a worker unless it is short. Whole while it is short, from then on a piece at a time, as its client
 * takes it (steps.h). */

/* The head of the state of every slow read: the handler's own follows. */
struct slow {
    struct request *request;
    struct json_out out; /* where a step writes */
    bool csv;            /* a table is asked for, and the handler writes its rows itself */
    /* what open (or decode) says: */
    bool small;   /* short enough for an event loop */
    bool is_long; /* reads the events of a person's life in one go: half of the workers are left to others */
};

struct slow_handler {
    size_t state_bytes; /* of the handler's state, which begins with struct slow; zeroed, in the arena */
    /* Query and body (root NULL: the route takes none). NULL: there is nothing to decode. A course that only
     * they name goes into face_call. */
    enum rc (*decode)(struct slow *slow, const struct body *body, struct fault *fault);
    /* What must come first once the caller may, and perhaps waits for somebody; then slow_open. NULL:
     * nothing. */
    void (*before)(struct slow *slow);
    /* Takes what the answer is made of, under the lock; all that outlives the call is held by reference.
     * NULL: nothing. */
    enum rc (*open)(struct slow *slow, const struct read *read, struct fault *fault);
    /* Some milliseconds of work: appends to slow->out what is ready of the answer (64 KiB or so; nothing is
     * fine) and says whether that was all. On a worker's thread, one step at a time, or (small) on the
     * loop's; holds no lock when it returns. */
    enum rc (*step)(struct slow *slow, bool *out_last, struct fault *fault);
    /* Lets go what is held; of a zeroed state too. NULL: nothing is. */
    void (*close)(struct slow *slow);
    bool writes_csv;             /* steps write a table when slow->csv */
    const char *table, *columns; /* else: the list that is made a table of; csv_reply.h. NULL: JSON alone */
    bool asks_later;             /* whose it is only the steps find out: they ask face_may */
};

/* Answers a request of a route that has .slow. */
void slow_handle(struct request *request);

/* Goes on after before: on a server thread. */
void slow_open(struct slow *slow);

/* What makes it. */
static inline const struct slow_handler *slow_handler_of(const struct slow *slow)
{
    return slow->request->route->slow;
}

/* Lets go what the state holds. */
void slow_close(struct slow *slow);
