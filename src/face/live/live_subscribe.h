#pragma once

#include "base/caller.h"
#include "http/request.h"

/* Who watches: the stream itself and its tickets. Source: contract 1, Auth; 6; docs/live.md. */

/* GET /progress/realtime, as Server-Sent Events and as a WebSocket. */
void live_subscribe(struct request *request);

/* POST /progress/realtime/ticket. */
void live_ticket(struct request *request);

/* The caller of a request with ?ticket=, which is spent. RC_UNAUTHENTICATED: it is none; RC_INVALID.
 * *out_given: there is a ticket at all. */
MUST_CHECK enum rc live_ticket_caller(struct request *request, struct caller *out_caller, bool *out_given,
                                      struct fault *fault);
