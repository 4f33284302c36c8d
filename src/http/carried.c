#include "http/carried.h"

#include "http/request_pool.h"

struct request *carried_new(const struct carrier *carrier)
{
    struct request *request = request_pool_take(NULL);

    if (request)
        request->carrier = carrier;
    return request;
}

void carried_free(struct request *request)
{
    request_pool_give(NULL, request);
}
