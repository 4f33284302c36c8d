#pragma once

#include "http/request.h"

/* A request's life inside the server: begun on its loop's thread, perhaps set aside and resumed (request.h),
 * given back there. Memory is given back to the loop's thread, which uses it for its next request. */

/* On the loop's thread. target is copied. *open counts the requests that are alive. NULL: out of memory. */
struct request *request_begin(struct http_connection *connection, const char *target, atomic_uint *open);

/* Whether it is set aside and nobody resumed it yet. True once it is resumed: its `resumed` is next. Loop's
 * thread. */
bool request_is_waiting(struct request *request);

/* On the loop's thread. Its connection is gone, or its answer is. One that somebody still holds is given back
 * by who resumes it. */
void request_end(struct request *request);

/* Nothing is read or sent until request_resume. On the loop's thread. */
void request_suspend_connection(struct request *request);

/* When a loop's thread ends: what it kept for reuse. */
void request_spares_free(void);
