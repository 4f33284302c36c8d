#pragma once

#include "http/request.h"

/* ETag and compression of an answer that is whole, on the thread that made it; else the loop does it, and
 * compresses only what is small. The request is suspended, or this is its loop. */
void request_seal(struct request *request);
