#pragma once

#include "http/request.h"

/* A request that came over something else than a connection of its own, as a message on a WebSocket does. It
 * is handled as any other; it has no headers. Who carries it looks after its waiting, and takes the answer
 * from it. */

struct carrier {
    /* It was set aside with request_wait: what it waits for is to be begun now. */
    void (*wait)(struct request *request);
    /* What it waited for is there: its `resumed` is to be called on a thread of the carrier's. Any thread. */
    void (*resume)(struct request *request);
};

/* Blank but for its arena; NULL: out of memory. */
struct request *carried_new(const struct carrier *carrier);

/* Nobody has it any more. */
void carried_free(struct request *request);
