#pragma once

#include "base/caller.h"
#include "http/request.h"

/* Tickets for streams: for clients that can send no header there. Where several nodes have one log, the log
 * keeps what each stands for, so that it is good once on all of them. Source: contract 1, Auth; 6; 10;
 * docs/decisions/0031. */

/* POST /progress/realtime/ticket. */
void live_ticket(struct request *request);

/* Asks the log for what the request's ticket stands for, which spends it, and goes on with again, or refuses
 * the request; false: there is nothing to be asked, or it was. On the loop's thread, once the path is known.
 */
bool live_ticket_ask(struct request *request, void (*again)(struct request *request));

/* The caller of a request with ?ticket=, which is spent. RC_UNAUTHENTICATED: it is none; RC_INVALID; RC_BUSY;
 * RC_UNKNOWN_KEY: of the token that it stands for. *out_given: there is a ticket at all. */
MUST_CHECK enum rc live_ticket_caller(struct request *request, struct caller *out_caller, bool *out_given,
                                      struct fault *fault);
