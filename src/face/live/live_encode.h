#pragma once

#include "base/buf.h"
#include "core/live.h"

/* The message of an event, as one JSON object. Any thread. Source: contract 6, 9. */
void live_encode(const struct live_event *event, struct buf *out);
