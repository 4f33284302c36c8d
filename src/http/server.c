#include "http/server.h"

#include "base/digits.h"
#include "base/monotonic.h"
#include "http/bodies.h"
#include "http/deadlines.h"
#include "http/framing.h"
#include "http/gzip.h"
#include "http/life.h"
#include "http/lingerers.h"
#include "http/listener.h"
#include "http/loop.h"
#include "http/stream.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <microhttpd.h>
#include <xxhash.h>

enum {
    MAX_PORTS = 8,
    MAX_LOOPS = MAX_PORTS * LISTENER_LOOPS_MAX,
    CONNECTION_MEMORY = 16 * 1024, /* head of a request and of its answer */
    IDLE_S = 60,
    HEAD_S = 10, /* a head must be whole so soon after it began, */
    BODY_S = 60, /* and a body after its head: reliability R28 */
    CONNECTIONS_MAX = 10000,
    READ_AWAY_BYTES = 64 * 1024, /* a body up to this is read and thrown away when its request is refused */
    GZIP_FROM_BYTES = 1024,      /* smaller answers gain nothing */
    GZIP_ON_LOOP_BYTES = 256 * 1024, /* takes 2 ms; what is larger comes from workers, or goes as it is */
};

struct http_server {
    struct loop *loops[MAX_LOOPS];
    struct listener *listeners[MAX_PORTS];
    int loop_count, listener_count;
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

enum library_state { STATE_NEW, STATE_JUDGING, STATE_READING, STATE_DONE };

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

static struct MHD_Connection *connection_of(struct request *request)
{
    return (struct MHD_Connection *)request->connection;
}

const char *request_header(struct request *request, const char *name)
{
    return MHD_lookup_connection_value(connection_of(request), MHD_HEADER_KIND, name);
}

struct counting {
    const char *name;
    int count;
};

static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct counting *counting = arg;

    (void)kind;
    (void)value;
    counting->count += strcasecmp(name, counting->name) == 0;
    return MHD_YES;
}

int request_header_count(struct request *request, const char *name)
{
    struct counting counting = {name, 0};

    /* its own count counts all */
    (void)MHD_get_connection_values(connection_of(request), MHD_HEADER_KIND, count_header, &counting);
    return counting.count;
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

/* ---- answering ---- */

void request_reply(struct request *request, int status, const char *content_type)
{
    request->status = status;
    request->content_type = content_type;
    request->answered = true;
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (value)
        (void)MHD_add_response_header(response, name,
                                      value); /* fails only when out of memory: sent without */
}

static bool in_list(const char *list, const char *word)
{
    size_t size = strlen(word);

    for (const char *at = list; at && size && (at = strstr(at, word)); at++)
        if ((at == list || strchr(", ", at[-1])) && (!at[size] || strchr(", ", at[size])))
            return true;
    return false;
}

/* Only listed origins get an answer a browser will show them, never "*". Source: reliability A177. */
static void add_cors(struct http_server *server, struct request *request, struct MHD_Response *response)
{
    const char *origin = request_header(request, "Origin");

    if (!origin || !in_list(server->cors_origins, origin))
        return;
    add_header(response, "Access-Control-Allow-Origin", origin);
    add_header(response, "Access-Control-Allow-Credentials", "true");
    add_header(response, "Access-Control-Expose-Headers",
               "ETag, X-Request-Id, Idempotent-Replayed, Retry-After");
    add_header(response, "Vary", "Origin");
    if (request->method == HTTP_OPTIONS) {
        add_header(response, "Access-Control-Allow-Methods", request->allow);
        add_header(
            response, "Access-Control-Allow-Headers",
            "Authorization, Content-Type, Content-Encoding, Idempotency-Key, If-Match, If-None-Match,"
            " Last-Event-ID, Traceparent, X-Request-Id, X-Requested-With, X-Server-Key, X-Service-Key");
        add_header(response, "Access-Control-Max-Age", "600");
    }
}

static bool tag_listed(const char *header, const char *tag)
{
    size_t size = strlen(tag);

    if (!header)
        return false;
    if (strcmp(header, "*") == 0)
        return true;
    for (const char *at = header; (at = strstr(at, tag)); at++)
        if (at > header && at[-1] == '"' && at[size] == '"')
            return true; /* RFC 9110 13.1.2: weak comparison, W/ or not */
    return false;
}

/* "gzip" in the list, and not refused by q=0. */
static bool accepts_gzip(struct request *request)
{
    const char *accepted = request_header(request, "Accept-Encoding");
    const char *at = accepted ? strcasestr(accepted, "gzip") : NULL;

    if (!at)
        return false;
    at += 4 + strspn(at + 4, " ");
    return !(*at == ';' && strncmp(at + 1 + strspn(at + 1, " "), "q=0", 3) == 0 &&
             strspn(at + 4 + strspn(at + 1, " "), "0.") == strcspn(at + 4 + strspn(at + 1, " "), ", "));
}

/* ETag of a read, and 304 when the client has it already. */
static void apply_etag(struct request *request)
{
    bool read = request->method == HTTP_GET || request->method == HTTP_HEAD;

    if (read && request->status == 200 && !request->etag[0] && request->out.size) {
        request->etag[0] = 'b';
        *digits_hex(request->etag + 1, XXH3_64bits(request->out.bytes, request->out.size), 16) = '\0';
    }
    if (read && request->status == 200 && request->etag[0] &&
        tag_listed(request_header(request, "If-None-Match"), request->etag)) {
        request->status = 304;
        buf_clear(&request->out);
    }
}

void request_seal(struct request *request)
{
    bool whole = !request->out.failed && !(request->stream && request->stream->begun);
    bool here = request->loop == loop_current();

    if (!whole || request->sealed)
        return;
    request->sealed = true;
    apply_etag(request);
    request->packed = request->out.size >= GZIP_FROM_BYTES &&
                      (!here || request->out.size <= GZIP_ON_LOOP_BYTES) && accepts_gzip(request) &&
                      gzip_deflate(&request->out);
}

static enum MHD_Result send_answer(struct http_server *server, struct request *request)
{
    char etag[64];
    bool failed = request->out.failed;

    if (failed) {
        static const struct fault none = {NULL, "out of memory"};
        buf_done(&request->out);
        request_fail(request, RC_BUSY, &none);
    }
    bool streams = request->stream && request->stream->begun && !failed;
    request_seal(request);
    struct MHD_Response *response =
        streams ? stream_response(request)
                : MHD_create_response_from_buffer(request->out.size, request->out.bytes,
                                                  MHD_RESPMEM_PERSISTENT); /* as is the request */
    if (!response)
        return MHD_NO;
    if (request->content_type && request->status != 304 && request->status != 204)
        add_header(response, "Content-Type", request->content_type);
    if (request->packed) {
        add_header(response, "Content-Encoding", "gzip");
        add_header(response, "Vary", "Accept-Encoding");
    }
    add_header(response, "X-Request-Id", request->request_id);
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "Cache-Control", "no-store");
    if (request->content_type && strncmp(request->content_type, "text/html", 9) == 0) /* reliability A176 */
        add_header(response, "Content-Security-Policy",
                   "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
                   " base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    if (request->etag[0]) {
        size_t size = strlen(request->etag);
        etag[0] = etag[size + 1] = '"';
        memcpy(etag + 1, request->etag, size);
        etag[size + 2] = '\0'; /* fits */
        add_header(response, "ETag", etag);
    }
    if (request->allow)
        add_header(response, "Allow", request->allow);
    if (request->retry_after)
        add_header(response, "Retry-After", "1");
    if (request->challenge)
        add_header(response, "WWW-Authenticate", "Bearer");
    if (request->replayed)
        add_header(response, "Idempotent-Replayed", "true");
    if (request->close || atomic_load_explicit(&server->draining, memory_order_relaxed))
        add_header(response, "Connection", "close");
    if (server->cors_origins[0])
        add_cors(server, request, response);
    request->library_state = STATE_DONE;
    enum MHD_Result result = MHD_queue_response(connection_of(request), (unsigned)request->status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- the library's callbacks ---- */

static void end_request(struct http_server *server, struct request *request)
{
    if (!request)
        return;
    if (request->stream)
        request->stream->end(request);
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

    if (!socket || !socket->target)
        return NULL;
    end_request(server, socket->request);
    socket->request =
        request_begin((struct http_connection *)connection, socket->target, &server->open_requests);
    if (socket->request) {
        socket->request->server = server->settings.context;
        socket->request->deadline = &socket->deadline;
        socket->request->bodies = server->bodies;
    }
    return socket->request;
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

/* Room for size bytes more, within the budget: for all that was declared once it is more than a little. Had
 * each to grow step by step, 200 that arrive together would all stop half-way, with the budget spent. */
static bool has_room(struct request *request, size_t size)
{
    struct fault unused;
    size_t after = request->body.size + size;

    if (request->body.capacity >= after)
        return true;
    if (after > BODY_FREE_BYTES && request->content_length > after)
        size = (size_t)request->content_length - request->body.size;
    return buf_reserve(&request->body, size) && request_charge_body(request, &unused) == RC_OK;
}

static void take_body(struct request *request, const char *bytes, size_t size)
{
    if (request->answered || request->body_too_large || request->body_refused || !request->body_max)
        return;
    request->body_too_large = request->body.size + size > request->body_max;
    request->body_refused = !request->body_too_large && !has_room(request, size);
    if (request->body_too_large || request->body_refused)
        buf_done(&request->body);
    else
        buf_add(&request->body, bytes, size);
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
    return send_answer(server, request);
}

static enum MHD_Result begin(struct http_server *server, struct request *request)
{
    struct fault fault = {NULL, NULL};
    enum rc rc = http_check_framing(request, &fault);

    if (rc != RC_OK) { /* nobody knows where this request ends */
        request->close = true;
        request_fail(request, rc, &fault);
        return send_answer(server, request);
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
        take_body(request, upload, *upload_size);
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
    return request->answered ? send_answer(server, request) : MHD_NO;
}

/* We decode escapes ourselves, once. */
static size_t keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text);
}

/* ---- start and stop ---- */

/* One of a port's loops. */
static enum rc start_loop(struct http_server *server, struct listener *listener, unsigned connections,
                          struct fault *fault)
{
    struct loop_settings loop = {
        .listener = listener,
        .connections_max = connections,
        .turn_over = server->settings.turn_over,
        .arg = server->settings.context,
        .daemon = MHD_start_daemon(
            MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, on_request,
            server, MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_NOTIFY_CONNECTION,
            on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
            MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
            (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
            MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END),
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

static enum rc start_port(struct http_server *server, uint16_t port, struct fault *fault)
{
    unsigned threads = server->settings.threads;
    struct listener *listener;

    enum rc rc = listener_open(server->settings.listen, port, &listener, fault);
    if (rc != RC_OK)
        return rc;
    server->listeners[server->listener_count++] = listener;
    for (unsigned i = 0; rc == RC_OK && i < threads && i < LISTENER_LOOPS_MAX; i++)
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
