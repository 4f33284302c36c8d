#pragma once

#include "http/request.h"

/* Requests that are over, kept for those that come: a request with its arena and its buffers is a dozen
 * allocations. Each event loop has a pool, which only its thread uses. */

struct request_pool {
    struct request *first; /* by next_waiting */
    unsigned count;        /* how many hang on first, at most 64 */
};

/* A request as if it were new: zeroed, with an empty arena and empty buffers. pool NULL: it is new. NULL: out
 * of memory. */
struct request *request_pool_take(struct request_pool *pool);

/* Takes a request that nobody uses any more: keeps it, or frees it when the pool is full or NULL. */
void request_pool_give(struct request_pool *pool, struct request *request);

/* Frees what it keeps; it is empty afterwards, and may be used again. */
void request_pool_done(struct request_pool *pool);
