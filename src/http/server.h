#pragma once

#include "http/request.h"
#include "http/tls_keys.h"

/* The HTTP/1.1 server over libmicrohttpd: several ports, an event loop per thread, requests that can be
 * suspended without holding one. */

struct http_server;

struct http_settings {
    const char *listen; /* address */
    const uint16_t *ports;
    int port_count;
    unsigned threads;         /* per port */
    const char *cors_origins; /* comma separated; "" none */
    struct tls_keys
        *tls; /* TLS on every port, with what these hold; NULL: none. Borrowed until http_server_stop */
    /* once its head is there: answers (refuses), suspends, or lets it through */
    void (*judge)(struct request *request);
    void (*handle)(struct request *request); /* once it is whole */
    /* those of one turn, by next_waiting; resumes each, now or later */
    void (*turn_over)(struct face_context *context, struct request *first);
    /* once per answer */
    void (*observe)(struct face_context *context, struct request *request, uint64_t microseconds);
    struct face_context *context; /* request->server */
};

/* Errors: RC_INTERNAL, a port that cannot be had, in words for the operator. */
MUST_CHECK enum rc http_server_start(const struct http_settings *settings, struct http_server **out_server,
                                     struct fault *fault);

/* Takes no new connections from now on; requests under way go on. */
void http_server_quiesce(struct http_server *server);

/* How many requests were accepted and are not answered yet. Any thread. */
unsigned http_server_open_requests(const struct http_server *server);

/* Whoever suspended a request has resumed it, or does so within half a second; a later one finds its server
 * gone. */
void http_server_stop(struct http_server *server);
