#pragma once

#include <stdatomic.h>

#include "http/listener.h"
#include "http/server.h"
#include "http/tls_front.h"

/* What server.c makes and the callbacks of connection.c use. */

enum {
    MAX_PORTS = 8,
    MAX_LOOPS = MAX_PORTS * LISTENER_SEATS_MAX,
};

struct http_server {
    struct loop *loops[MAX_LOOPS];
    struct listener *listeners[MAX_PORTS];
    int loop_count, listener_count;
    struct listener *outer[MAX_PORTS]; /* of TLS: its listeners are then of this process alone */
    struct tls_front *fronts[MAX_PORTS];
    int front_count;
    struct http_settings settings;
    char *cors_origins;
    atomic_bool draining; /* every answer now ends its connection */
    struct lingerers *lingerers;
    struct bodies *bodies;
    struct deadlines *deadlines;
    atomic_uint open_requests;
    atomic_ullong next_id;
    uint64_t instance;
};
