#pragma once

#include "base/fault.h"

/* Connections that were answered before their body was read. Closed at once, the unread bytes would make the
 * kernel reset them, and the answer would be lost with that: they are shut for writing, what still comes is
 * read and thrown away, and they are closed when the client has closed, or after LINGER_S. A thread of its
 * own. Thread-safe. */

struct lingerers;

enum { LINGER_S = 5, LINGER_MAX = 1024 };

/* Starts the thread. Errors: RC_BUSY: no memory, no descriptor or no thread. */
MUST_CHECK enum rc lingerers_new(struct lingerers **out_lingerers);

/* Closes the connections that are left and ends the thread. NULL is fine. */
void lingerers_free(struct lingerers *lingerers);

/* A connection that its owner is about to close; fd stays the owner's. One too many is left to its fate. */
void lingerers_take(struct lingerers *lingerers, int fd);
