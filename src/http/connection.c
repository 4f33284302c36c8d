#include "http/connection.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <microhttpd.h>

#include "base/digits.h"
#include "base/monotonic.h"
#include "http/answer.h"
#include "http/bodies.h"
#include "http/deadlines.h"
#include "http/framing.h"
#include "http/hand_over.h"
#include "http/suspend.h"
#include "http/lingerers.h"
#include "http/loop.h"
#include "http/mhd_request.h"
#include "http/problem.h"
#include "http/request_body.h"
#include "http/request_pool.h"
#include "http/server_private.h"
#include "http/answer_stream.h"

enum {
    CONNECTION_MEMORY =
        20 * 1024, /* the head of a request, as large as framing.c takes it, and of its answer */
    IDLE_S = 60,
    HEAD_S = 10,                 /* a head must be whole so soon after it began, */
    BODY_S = 60,                 /* and a body after its head: reliability R28 */
    READ_AWAY_BYTES = 64 * 1024, /* a body up to this is read and thrown away when its request is refused */
};

static enum http_method method_of(const char *name)
{
    static const struct {
        const char *name;
        enum http_method method;
    } methods[] = {
        {"GET", HTTP_GET}, {"HEAD", HTTP_HEAD},     {"POST", HTTP_POST},
        {"PUT", HTTP_PUT}, {"DELETE", HTTP_DELETE}, {"OPTIONS", HTTP_OPTIONS},
    };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(name, methods[i].name) == 0)
            return methods[i].method;
    return HTTP_OTHER;
}

/* The client's X-Request-Id when it is printable and short, else one of ours. Source: reliability A104. */
static void set_request_id(struct http_server *server, struct request *request)
{
    const char *given = request_header(request, "X-Request-Id");
    size_t size = given ? strlen(given) : 0;
    bool usable = size > 0 && size <= 128;

    for (size_t i = 0; usable && i < size; i++)
        usable = given[i] > 0x20 && given[i] < 0x7f;
    if (usable) {
        memcpy(request->request_id, given, size + 1);
        return;
    }
    char *at = digits_hex(request->request_id, server->instance & 0xffffffff, 8);
    *at++ = '-';
    *digits_hex(at, atomic_fetch_add_explicit(&server->next_id, 1, memory_order_relaxed), 1) = '\0';
}

static void end_request(struct http_server *server, struct request *request)
{
    if (!request)
        return;
    hand_over_end(request);
    if (request->library_state == STATE_DONE)
        server->settings.observe(server->settings.context, request, monotonic_us() - request->begun_us);
    request_end(request);
}

/* What a connection keeps: the target of the head that is being read, and the request under way.
 * libmicrohttpd 1.0 refuses some requests by itself, before or after it handed them over, and then calls
 * nobody at their end: those end with their connection, or when the next one begins. */
struct socket_context {
    char *target;
    size_t room;
    struct request *request;
    struct deadline deadline;
    int fd;
    bool lingers; /* answered before its body was read */
};

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct socket_context *socket = *context;
    struct http_server *server = arg;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = socket = info ? calloc(1, sizeof *socket) : NULL; /* NULL: its requests are refused */
        loop_count(loop_current(), 1);
        if (!socket)
            return;
        socket->fd = info->connect_fd;
        deadline_to_send(&socket->deadline, HEAD_S);
        deadlines_add(server->deadlines, &socket->deadline, socket->fd);
    } else {
        loop_count(loop_current(), -1);
        if (!socket)
            return;
        deadlines_remove(server->deadlines, &socket->deadline);
        if (socket->lingers)
            lingerers_take(server->lingerers, socket->fd);
        end_request(arg, socket->request);
        free(socket->target);
        free(socket);
        *context = NULL;
    }
}

static struct socket_context *socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* The raw target, before the library takes it apart. */
static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
    struct socket_context *socket = socket_of(connection);
    size_t size = strlen(target) + 1;

    (void)arg;
    if (socket)
        deadline_to_send(&socket->deadline, HEAD_S);
    if (socket && socket->room < size) {
        char *larger = realloc(socket->target, size);
        if (larger) {
            socket->target = larger;
            socket->room = size;
        } else if (socket->target) {
            socket->target[0] = '\0'; /* out of memory: refused as malformed */
        }
    }
    if (socket && socket->room >= size)
        memcpy(socket->target, target, size);
    return NULL;
}

static struct request *new_request(struct http_server *server, struct MHD_Connection *connection)
{
    struct socket_context *socket = socket_of(connection);
    struct loop *loop = loop_current();

    if (!socket || !socket->target)
        return NULL;
    end_request(server, socket->request);
    struct request *request = socket->request = request_pool_take(loop_requests(loop));
    if (!request)
        return NULL;
    request->connection = (struct http_connection *)connection;
    request->loop = loop;
    request->open = &server->open_requests;
    request->begun_us = monotonic_us();
    request->target = arena_copy(&request->arena, socket->target, strlen(socket->target));
    request->server = server->settings.context;
    request->deadline = &socket->deadline;
    request->bodies = server->bodies;
    atomic_fetch_add(request->open, 1);
    return request;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct socket_context *socket = socket_of(connection);

    (void)code;
    if (socket && socket->request == *state)
        socket->request = NULL;
    if (socket)
        deadline_to_send(&socket->deadline, IDLE_S + HEAD_S);
    end_request(arg, *state);
    *state = NULL;
}

/* ---- before the body ----
 * Everything that the head tells is judged before a byte of the body is kept. A refusal that is given at once
 * ends the connection (the library reads no further), so a small body is read and thrown away first; a large
 * one, or one whose size nobody knows, is not waited for. */

static enum MHD_Result judged(struct http_server *server, struct request *request)
{
    if (request->suspended)
        return MHD_YES;
    request->library_state = STATE_READING;
    deadline_to_send(request->deadline, BODY_S);
    if (!request->answered && request->body_max &&
        (request->chunked || request->content_length > BODY_FREE_BYTES) && bodies_full(server->bodies))
        request_fail(request, RC_BUSY, &(struct fault){NULL, "too many large bodies at a time; try again"});
    if (!request->answered)
        return MHD_YES;
    if (!request->chunked && request->content_length <= READ_AWAY_BYTES &&
        (request->content_length == 0 || !request_header(request, "Expect")))
        return MHD_YES; /* answered when it is whole */
    request->close = true;
    socket_of(connection_of(request))->lingers = true;
    return answer_send(server, request);
}

static enum MHD_Result begin(struct http_server *server, struct request *request)
{
    struct fault fault = {NULL, NULL};
    enum rc rc = http_check_framing(request, &fault);

    if (rc != RC_OK) { /* nobody knows where this request ends */
        request->close = true;
        request_fail(request, rc, &fault);
        return answer_send(server, request);
    }
    server->settings.judge(request);
    return judged(server, request);
}

static void handle(struct http_server *server, struct request *request)
{
    deadline_set(request->deadline, 0); /* whole: what takes time now is ours */
    if (request->answered)
        return;
    if (request->body_too_large) {
        const char *text =
            arena_printf(&request->arena, "a body has at most %zu MiB here", request->body_max >> 20);
        request_fail(request, RC_TOO_LARGE, &(struct fault){NULL, text});
    } else if (request->body_refused) {
        request_fail(request, RC_BUSY, &(struct fault){NULL, "too many large bodies at a time; try again"});
    } else {
        server->settings.handle(request);
    }
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    struct http_server *server = arg;
    struct request *request = *state;

    (void)url;
    if (!request)
        *state = request = new_request(server, connection);
    if (!request || !request->target)
        return MHD_NO;
    if (request->library_state == STATE_NEW) {
        request->library_state = STATE_JUDGING;
        deadline_set(request->deadline, 0); /* its head is whole; judging may wait for keys */
        request->method = method_of(method);
        request->http_version = version;
        set_request_id(server, request);
        return begin(server, request);
    }
    if (request->library_state == STATE_JUDGING) { /* it was suspended meanwhile */
        request->suspended = false;
        request->resumed(request);
        return judged(server, request);
    }
    if (*upload_size) {
        request_take_body(request, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    if (request->suspended) {
        if (request_is_waiting(request))
            return MHD_YES;
        request->suspended = false;
        request->resumed(request);
    } else {
        handle(server, request);
    }
    if (request->suspended)
        return MHD_YES;
    return request->answered ? answer_send(server, request) : MHD_NO;
}

/* We decode escapes ourselves, once. */
static size_t keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text);
}

struct MHD_Daemon *connection_daemon(struct http_server *server, unsigned connections)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | MHD_USE_NO_LISTEN_SOCKET, 0, NULL,
        NULL, on_request, server, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        server, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
        MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}
