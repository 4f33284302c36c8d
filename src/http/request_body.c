#include "http/request_body.h"

#include "base/buf.h"
#include "http/bodies.h"

enum rc request_charge_body(struct request *request, struct fault *fault)
{
    size_t room = request->body.capacity;

    if (room <= BODY_FREE_BYTES || room <= request->charged)
        return RC_OK;
    if (!bodies_take(request->bodies, request->payer, room - request->charged))
        return fault_set(fault, RC_BUSY, NULL, "too many large bodies at a time; try again");
    request->charged = room;
    return RC_OK;
}

/* Room for size bytes more, within the budget: for all that was declared once it is more than a little. Had
 * each to grow step by step, 200 that arrive together would all stop half-way, with the budget spent. */
static bool has_room(struct request *request, size_t size)
{
    struct fault unused;
    size_t after = request->body.size + size;

    if (request->body.capacity >= after)
        return true;
    if (after > BODY_FREE_BYTES && request->content_length > after)
        size = (size_t)request->content_length - request->body.size;
    return buf_reserve(&request->body, size) && request_charge_body(request, &unused) == RC_OK;
}

void request_take_body(struct request *request, const char *bytes, size_t size)
{
    if (request->answered || request->body_too_large || request->body_refused || !request->body_max)
        return;
    request->body_too_large = request->body.size + size > request->body_max;
    request->body_refused = !request->body_too_large && !has_room(request, size);
    if (request->body_too_large || request->body_refused)
        buf_done(&request->body);
    else
        buf_add(&request->body, bytes, size);
}
