#include "http/request_pool.h"

#include <stdlib.h>
#include <string.h>

enum {
    SPARES_MAX = 64,        /* requests a pool keeps, */
    SPARE_BYTES = 8 * 1024, /* with buffers no larger than that */
};

static struct request *reuse(struct request_pool *pool)
{
    struct request *request = pool->first;
    struct arena arena = request->arena;
    struct buf body = request->body, out = request->out;

    pool->first = request->next_waiting;
    pool->count--;
    memset(request, 0, sizeof *request);
    request->arena = arena;
    request->body = body;
    request->out = out;
    return request;
}

struct request *request_pool_take(struct request_pool *pool)
{
    if (pool && pool->first)
        return reuse(pool);
    struct request *request = calloc(1, sizeof *request);
    if (request)
        arena_init(&request->arena);
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

void request_pool_give(struct request_pool *pool, struct request *request)
{
    if (!pool || pool->count == SPARES_MAX) {
        free_request(request);
        return;
    }
    trim(&request->body);
    trim(&request->out);
    arena_reset(&request->arena);
    request->next_waiting = pool->first;
    pool->first = request;
    pool->count++;
}

void request_pool_done(struct request_pool *pool)
{
    for (struct request *request = pool->first, *next; request; request = next) {
        next = request->next_waiting;
        free_request(request);
    }
    *pool = (struct request_pool){NULL, 0};
}
