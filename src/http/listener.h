#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/fault.h"
#include "http/waker.h"

/* A listening socket that several event loops share, and who of them takes the next connection: one that has
 * no more than its share. Left to chance (whoever wakes first), one of two loops had three quarters of 64
 * connections and was the bottleneck while a core was idle. */

struct listener;

enum { LISTENER_SEATS_MAX = 256 };

/* One who takes connections from a listener: an event loop. */
struct seat {
    struct waker waker;      /* wakes it, to look whether it may take one */
    atomic_uint connections; /* that it has; listener_count writes it */
};

/* Listens on an IPv4 or IPv6 address, or on localhost. Errors: RC_INVALID, it is none of these; RC_INTERNAL,
 * in words for the operator; RC_BUSY, no memory. */
MUST_CHECK enum rc listener_open(const char *address, uint16_t port, struct listener **out_listener,
                                 struct fault *fault);

/* Whether listener_open would take the address, by how it is written. */
bool listener_takes(const char *address);

/* Listens on a name that this machine alone knows, and no file has: for a tls_front. *out_size: of the
 * address. Errors as listener_open. */
MUST_CHECK enum rc listener_open_inner(struct sockaddr_storage *out_address, socklen_t *out_size,
                                       struct listener **out_listener, struct fault *fault);

/* Refuses connections from now on. The loops are quiet already. */
void listener_shut(struct listener *listener);

/* Closes the socket and frees the listener. No loop may use it any more. */
void listener_close(struct listener *listener);

/* A seat that takes part from now on, until listener_close; at most LISTENER_SEATS_MAX. One thread at a time.
 */
void listener_join(struct listener *listener, struct seat *seat);

/* The listening socket, for poll and accept. It never blocks. */
int listener_fd(const struct listener *listener);

/* A seat has a connection more (1) or fewer (-1). Any thread. */
void listener_count(struct listener *listener, struct seat *seat, int change);

/* Whether a seat may take the next connection: with it, the seat has no more than its share and an eighth. So
 * a crowd that comes to busy loops is taken in few turns, and few connections are shared out evenly.
 * uncounted: connections it took that listener_count was not told of yet. */
bool listener_may_accept(const struct listener *listener, const struct seat *seat, unsigned uncounted);

/* A seat took a connection: wakes the one that has fewest, when that is another, to look whether it may take
 * the next. */
void listener_wake_next(struct listener *listener, const struct seat *taker);
