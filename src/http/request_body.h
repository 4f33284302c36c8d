#pragma once

#include "http/request.h"

/* A body as it arrives, piece by piece, into the request's memory. */

/* Takes a piece. More than body_max, or than the budget for bodies: what came and comes is thrown away, and
 * body_too_large or body_refused says so. Loop's thread. */
void request_take_body(struct request *request, const char *bytes, size_t size);

/* Accounts for what the body takes now, after it grew by other means than arriving. RC_BUSY: past the budget.
 */
MUST_CHECK enum rc request_charge_body(struct request *request, struct fault *fault);
