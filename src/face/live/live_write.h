#pragma once

#include "hub/hub.h"

/* A message that came over a WebSocket: handled as the body of POST /progress/realtime, and answered.
 * context: struct face_context. Source: contract 6. */
void live_write(void *context, struct hub_write *write);
