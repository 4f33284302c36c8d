#pragma once

#include "http/request.h"

/* How a request waits or is suspended, is resumed (request.h) and ends. */

/* Whether nobody has resumed the request yet. False: it was resumed, and its `resumed` is to be called now.
 * Loop's thread. */
bool request_is_waiting(struct request *request);

/* The request's connection is gone, or its answer was sent: it goes back to the loop's pool. A request that
 * still waits for somebody goes back when that somebody resumes it, so it is never given back twice. Loop's
 * thread. */
void request_end(struct request *request);

/* Takes the request's connection out of the library's set: nothing of it is read or sent until
 * request_resume. Loop's thread. */
void request_suspend_connection(struct request *request);
