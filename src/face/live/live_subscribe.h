#pragma once

#include "http/request.h"
#include "hub/hub.h"

/* Who watches. Source: contract 6; docs/live.md. */

/* GET /progress/realtime, as Server-Sent Events and as a WebSocket. */
void live_subscribe(struct request *request);

/* The request's token, its own or its ticket's, and the keys that it holds under: looked at once more, so
 * that it is of the same moment. NULL: none is needed. Errors as auth_verify. What it is is borrowed from the
 * request. */
MUST_CHECK enum rc live_token(struct request *request, struct hub_wish *wish, struct fault *fault);
