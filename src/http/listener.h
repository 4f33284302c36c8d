#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

/* A listening socket that several event loops share, and who of them takes the next connection: one that has
 * no more than its share. Left to chance (whoever wakes first), one of two loops had three quarters of 64
 * connections and was the bottleneck while a core was idle. */

struct listener;
struct loop;

enum { LISTENER_LOOPS_MAX = 256 };

/* Listens on an IPv4 address. Errors: RC_INVALID, it is none; RC_INTERNAL, in words for the operator;
 * RC_BUSY, no memory. */
MUST_CHECK enum rc listener_open(const char *address, uint16_t port, struct listener **out_listener,
                                 struct fault *fault);

/* Refuses connections from now on. The loops are quiet already. */
void listener_shut(struct listener *listener);

/* No loop may use it any more. */
void listener_close(struct listener *listener);

/* A loop that takes part, from now on; at most LISTENER_LOOPS_MAX. */
void listener_join(struct listener *listener, struct loop *loop);

int listener_fd(const struct listener *listener);

/* One connection more or fewer in one of its loops. Any thread. */
void listener_count(struct listener *listener, int change);

/* Whether a loop that has so many may take the next: it has no more than its share and an eighth. So a crowd
 * that comes to busy loops is taken in few turns, and few connections are shared out evenly. uncounted: those
 * of it that listener_count does not know yet. */
bool listener_has_turn(struct listener *listener, unsigned connections, unsigned uncounted);

/* Somebody took one: the loop that has fewest looks whether it has the turn now. */
void listener_pass_turn(struct listener *listener);
