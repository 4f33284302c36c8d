#pragma once

#include "http/request.h"

/* Several nodes on one log: what is asked of this server begins with all that was acknowledged before, by any
 * node. So who looks into the model first waits until it is at the log's head. */

/* Goes on with then, on the loop's thread, once the model is at the head, or answers 503. The caller's route
 * has a read index. */
void head_wait(struct request *request, void (*then)(struct request *request));
