#pragma once

#include "store/sqlite/sqlite_private.h"

/* events.db: what is true. */

/* Opens it to write, and brings its tables up to date. copy: what is written is durable elsewhere. */
MUST_CHECK enum rc sqlite_open_events(struct store *store, bool copy, struct fault *fault);

/* The store's id, its generation, the numbers that were given out. Errors: RC_INTERNAL, they cannot be read.
 */
MUST_CHECK enum rc sqlite_read_counters(struct store *store, struct fault *fault);

/* The CRC-32 that lies beside an event: of its sequence, learner, kind, instant and body. */
uint32_t sqlite_event_crc(const struct stored_event *event);
