#pragma once

#include <sys/socket.h>

#include "base/fault.h"
#include "http/listener.h"
#include "http/tls_keys.h"

/* TLS before a server that knows nothing of it: takes the connections of a listener, and hands what they say
 * on to a listener of this process's own, a connection each, bytes both ways. Not the HTTP library's own TLS,
 * since streams leave that library with their socket (docs/decisions/0018, 0025). Threads of its own; what is
 * plain costs nothing. */
struct tls_front;

struct tls_front_settings {
    struct listener *outer;        /* borrowed until tls_front_stop */
    struct sockaddr_storage inner; /* where to hand on */
    socklen_t inner_size;
    struct tls_keys *keys; /* borrowed likewise */
    unsigned threads, connections_max;
};

/* Errors: RC_BUSY, no thread or no memory. */
MUST_CHECK enum rc tls_front_start(const struct tls_front_settings *settings, struct tls_front **out_front,
                                   struct fault *fault);

/* Takes no new connection from now on; those there go on. */
void tls_front_quiesce(struct tls_front *front);

/* Sends what the server has said to those who still take it, for a second at most, and ends. NULL is fine.
 * The server has closed its connections already. */
void tls_front_stop(struct tls_front *front);
