#pragma once

#include "hub/hub_private.h"

/* What time brings to streams: heartbeats, tokens that expire, readers that are too slow. On the hub's
 * thread. */

/* Four times a second. */
void clock_tick(struct hub *hub);

/* The next heartbeat is a whole while away. */
void clock_wind(struct subscriber *stream);
