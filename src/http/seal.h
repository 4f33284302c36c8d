#pragma once

#include "http/request.h"

/* ETag and compression of an answer that is whole, on the thread that made it; else the loop does it, and
 * compresses only what is small. The request is suspended, or this is its loop. */
void request_seal(struct request *request);

/* The ETag of an answer that says the time: of the first bytes of out alone. */
void request_tag_first(struct request *request, size_t bytes);
