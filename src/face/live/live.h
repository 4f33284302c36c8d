#pragma once

#include "face/face.h"
#include "hub/hub.h"

/* GET /progress/realtime as Server-Sent Events and as a WebSocket, its tickets, and what is written over it.
 * Source: contract 1, Auth; 6; docs/live.md. */

/* GET /progress/realtime. */
void live_subscribe(struct request *request);
/* POST /progress/realtime/ticket. */
void live_ticket(struct request *request);

/* The caller of a request with ?ticket=, which is spent. RC_UNAUTHENTICATED: it is none; RC_INVALID.
 * *out_given: there is a ticket at all. */
MUST_CHECK enum rc live_ticket_caller(struct request *request, struct caller *out_caller, bool *out_given,
                                      struct fault *fault);

/* What the hub needs of the faces; context must outlive the hub. */
struct hub_source live_source(struct face_context *context);

/* ---- the parts ---- */

/* The message of an event, as one JSON object. Any thread. */
void live_encode(const struct live_event *event, struct buf *out);

/* Whether the caller may watch what the filter passes. Source: contract 6, "Who may subscribe". */
MUST_CHECK enum rc live_may(struct face_context *context, const struct caller *caller,
                            const struct hub_filter *filter, struct fault *fault);

/* A message that came over a WebSocket: handled as the body of POST /progress/realtime, and answered. */
void live_write(void *context, struct hub_write *write);

/* The text of Sec-WebSocket-Accept for a key, NUL-terminated. RFC 6455 4.2.2. */
enum { LIVE_ACCEPT_BYTES = 29 };
void live_accept_of(const char *key, char out[LIVE_ACCEPT_BYTES]);
