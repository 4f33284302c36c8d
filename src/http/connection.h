#pragma once

struct MHD_Daemon;
struct http_server;

/* A connection and the requests on it: the library's callbacks. A request is judged by its head, read,
 * handled and answered, in this order. */

/* A daemon of the library whose connections are the server's; it has no thread and no listening socket. NULL:
 * it cannot be had. */
struct MHD_Daemon *connection_daemon(struct http_server *server, unsigned connections);
