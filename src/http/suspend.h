#pragma once

#include "http/request.h"

/* How a request waits or is suspended, is resumed (request.h) and ends. */

/* Whether it is set aside and nobody resumed it yet. True once it is resumed: its `resumed` is next. Loop's
 * thread. */
bool request_is_waiting(struct request *request);

/* On the loop's thread. Its connection is gone, or its answer is. One that somebody still holds is given back
 * by who resumes it. */
void request_end(struct request *request);

/* Nothing is read or sent until request_resume. On the loop's thread. */
void request_suspend_connection(struct request *request);
