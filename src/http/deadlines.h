#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/fault.h"

/* When a connection must have said what it is saying. The library's own time-out starts again with every
 * byte, so a client that sends one a second would never be shed: a thread looks once a second and shuts down
 * what is late. It also shuts down what can no longer become whole: the library does not see an end that
 * comes together with bytes. Thread-safe. Source: reliability R28. */

struct deadlines;

struct deadline { /* in a connection's own memory */
    struct deadline *next, *before;
    int fd;
    /* monotonic; 0: may take as long as it needs; its lowest bit: deadline_to_send's */
    atomic_uint_least64_t due_us;
    /* the looking thread's: what was due at the last look, if the client had ended by then */
    uint64_t ended_us;
};

/* Starts the looking thread. Errors: RC_BUSY, no memory or no thread. */
MUST_CHECK enum rc deadlines_new(struct deadlines **out_deadlines);

/* Ends the thread. NULL is fine. No connection is looked after any more. */
void deadlines_free(struct deadlines *deadlines);

/* Looks after a connection from its accept on; deadlines_remove comes before the close of fd. */
void deadlines_add(struct deadlines *deadlines, struct deadline *deadline, int fd);

/* Before fd is closed: the thread looks at it no more from the return on. */
void deadlines_remove(struct deadlines *deadlines, struct deadline *deadline);

/* Sets the deadline to so many seconds from now; 0: none. */
void deadline_set(struct deadline *deadline, unsigned seconds);

/* The same for a request that is still to be sent: its client may not end before. One that ends after is
 * answered. */
void deadline_to_send(struct deadline *deadline, unsigned seconds);
