#include "http/server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <microhttpd.h>

#include "http/bodies.h"
#include "http/connection.h"
#include "http/deadlines.h"
#include "http/lingerers.h"
#include "http/listener.h"
#include "http/loop.h"
#include "http/server_private.h"

enum { CONNECTIONS_MAX = 10000 };

/* One of a port's loops. */
static enum rc start_loop(struct http_server *server, struct listener *listener, unsigned connections,
                          struct fault *fault)
{
    struct loop_settings loop = {
        .listener = listener,
        .connections_max = connections,
        .turn_over = server->settings.turn_over,
        .context = server->settings.context,
        .daemon = connection_daemon(server, connections),
    };

    if (!loop.daemon)
        return fault_set(fault, RC_INTERNAL, "port", "cannot start an event loop");
    if (loop_start(&loop, &server->loops[server->loop_count]) != RC_OK) {
        MHD_stop_daemon(loop.daemon);
        return fault_set(fault, RC_BUSY, "threads", "cannot start a thread");
    }
    server->loop_count++;
    return RC_OK;
}

/* The listener that the world sees, and TLS between it and the one of the loops. */
static enum rc start_tls(struct http_server *server, uint16_t port, struct listener **out_listener,
                         struct fault *fault)
{
    struct tls_front_settings front = {
        .keys = server->settings.tls,
        .threads = server->settings.threads,
        .connections_max = CONNECTIONS_MAX / server->settings.threads + 1,
    };
    int at = server->front_count;
    enum rc rc = listener_open(server->settings.listen, port, &server->outer[at], fault);

    if (rc == RC_OK)
        rc = listener_open_inner(&front.inner, &front.inner_size, out_listener, fault);
    front.outer = server->outer[at];
    if (rc == RC_OK) {
        rc = tls_front_start(&front, &server->fronts[at], fault);
        if (rc != RC_OK)
            listener_close(*out_listener);
    }
    if (rc == RC_OK)
        server->front_count++;
    else
        listener_close(server->outer[at]);
    return rc;
}

static enum rc start_port(struct http_server *server, uint16_t port, struct fault *fault)
{
    unsigned threads = server->settings.threads;
    struct listener *listener;

    enum rc rc = server->settings.tls ? start_tls(server, port, &listener, fault)
                                      : listener_open(server->settings.listen, port, &listener, fault);
    if (rc != RC_OK)
        return rc;
    server->listeners[server->listener_count++] = listener;
    for (unsigned i = 0; rc == RC_OK && i < threads && i < LISTENER_SEATS_MAX; i++)
        rc = start_loop(server, listener, CONNECTIONS_MAX / threads + 1, fault);
    return rc;
}

enum rc http_server_start(const struct http_settings *settings, struct http_server **out_server,
                          struct fault *fault)
{
    struct http_server *server = calloc(1, sizeof *server);
    enum rc rc = RC_OK;

    if (!server)
        return fault_no_memory(fault);
    server->settings = *settings;
    server->cors_origins = strdup(settings->cors_origins ? settings->cors_origins : "");
    if (!server->cors_origins || getrandom(&server->instance, sizeof server->instance, 0) < 0)
        rc = fault_no_memory(fault);
    if (settings->port_count > MAX_PORTS)
        rc = fault_set(fault, RC_INVALID, "port", "at most 8 ports");
    if (rc == RC_OK && (deadlines_new(&server->deadlines) != RC_OK ||
                        lingerers_new(&server->lingerers) != RC_OK || bodies_new(&server->bodies) != RC_OK))
        rc = fault_set(fault, RC_BUSY, NULL, "cannot start a thread");
    for (int i = 0; rc == RC_OK && i < settings->port_count; i++)
        rc = start_port(server, settings->ports[i], fault);
    if (rc != RC_OK) {
        http_server_stop(server);
        return rc;
    }
    *out_server = server;
    return RC_OK;
}

void http_server_quiesce(struct http_server *server)
{
    atomic_store(&server->draining, true);
    for (int i = 0; i < server->front_count; i++) {
        tls_front_quiesce(server->fronts[i]);
        listener_shut(server->outer[i]);
    }
    for (int i = 0; i < server->loop_count; i++)
        loop_quiesce(server->loops[i]);
    for (int i = 0; i < server->listener_count; i++)
        listener_shut(server->listeners[i]);
}

unsigned http_server_open_requests(const struct http_server *server)
{
    return atomic_load(&server->open_requests);
}

void http_server_stop(struct http_server *server)
{
    if (!server)
        return;
    for (int i = 0; i < server->loop_count; i++)
        loop_stop(server->loops[i]);
    for (int i = 0; i < server->front_count; i++) {
        tls_front_stop(server->fronts[i]);
        listener_close(server->outer[i]);
    }
    for (int i = 0; i < server->loop_count; i++)
        loop_free(server->loops[i]);
    for (int i = 0; i < server->listener_count; i++)
        listener_close(server->listeners[i]);
    deadlines_free(server->deadlines);
    lingerers_free(server->lingerers);
    if (atomic_load(&server->open_requests))
        return; /* a commit that hangs still holds some, and counts them here when it ends: the process is
                   ending */
    bodies_free(server->bodies);
    free(server->cors_origins);
    free(server);
}
