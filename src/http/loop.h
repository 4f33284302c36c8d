#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

/* One event loop: a thread that runs one daemon of the HTTP library. The library's own threads are not used:
 * theirs wait for more events when 128 came at once, with those 128 unhandled (0.9.75; docs/decisions/0009).
 */

struct MHD_Daemon;
struct face_context;
struct listener;
struct request;
struct request_pool;
struct loop;

struct loop_settings {
    struct MHD_Daemon *daemon; /* the loop owns it from its start on; it has no listening socket */
    struct listener *listener; /* where connections come from */
    unsigned connections_max;
    /* request_wait's, called on the loop's thread */
    void (*turn_over)(struct face_context *context, struct request *first);
    struct face_context *context;
};

/* Starts the loop's thread, which takes connections from now on. Errors: RC_BUSY: no memory, no descriptor or
 * no thread. */
MUST_CHECK enum rc loop_start(const struct loop_settings *settings, struct loop **out_loop);

/* The loop whose thread calls; NULL: the thread is no loop's. */
struct loop *loop_current(void);

/* Tells the loop of a connection that waits with nothing to read or send. The library keeps such a connection
 * in the set that it looks through in every turn, so only a few may wait there at a time. True: the loop has
 * counted it; false: too many wait already, suspend it instead. Loop's thread. */
bool loop_watch(struct loop *loop);

/* Hands the request on, with all others of this turn, when the turn is over. Loop's thread. */
void loop_defer(struct loop *loop, struct request *request);

/* Ends what loop_watch began: the connection's answer is there, and the loop takes a turn at once to send it.
 * Loop's thread. */
void loop_unwatch(struct loop *loop);

/* Something of this loop was resumed: it takes a turn soon. Many calls before that turn cost one wake-up. Any
 * thread. */
void loop_wake(struct loop *loop);

/* A connection of this loop began (1) or ended (-1). Loop's thread. */
void loop_count(struct loop *loop, int change);

/* The requests that the loop keeps for reuse. Loop's thread. */
struct request_pool *loop_requests(struct loop *loop);

/* Takes no new connection from its next turn on. Any thread. */
void loop_quiesce(struct loop *loop);

/* A connection of this loop is suspended (1), or was resumed (-1, the last that is done with the loop). Any
 * thread. */
void loop_count_suspended(struct loop *loop, int change);

/* Ends the thread and the daemon, which is left when something stays suspended. The listener's other loops
 * may still look at this one. */
void loop_stop(struct loop *loop);

/* When all loops of its listener are stopped. A loop with a suspended connection is left. */
void loop_free(struct loop *loop);
