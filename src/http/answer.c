#include "http/answer.h"

#include <stdio.h>
#include <string.h>

#include <microhttpd.h>

#include "base/text.h"
#include "http/hand_over.h"
#include "http/mhd_request.h"
#include "http/problem.h"
#include "http/seal.h"
#include "http/server_private.h"
#include "http/answer_stream.h"

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (value)
        (void)MHD_add_response_header(response, name,
                                      value); /* fails only when out of memory: sent without */
}

/* Only listed origins get an answer a browser will show them, never "*". Source: reliability A177. */
static void add_cors(struct http_server *server, struct request *request, struct MHD_Response *response)
{
    const char *origin = request_header(request, "Origin");

    if (!origin || !text_in_list(server->cors_origins, ", ", origin))
        return;
    add_header(response, "Access-Control-Allow-Origin", origin);
    add_header(response, "Access-Control-Allow-Credentials", "true");
    add_header(response, "Access-Control-Expose-Headers",
               "Date, ETag, X-Request-Id, Idempotent-Replayed, Retry-After");
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

/* What a page may do. */
static void add_policy(const struct request *request, struct MHD_Response *response)
{
    char policy[640];

    (void)snprintf(
        policy, sizeof policy,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'%s%.300s;"
        " media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        request->may_call ? " " : "", request->may_call ? request->may_call : ""); /* fits */
    add_header(response, "Content-Security-Policy", policy);
}

enum MHD_Result answer_send(struct http_server *server, struct request *request)
{
    char etag[64];
    bool failed = request->out.failed;

    if (failed) {
        static const struct fault none = {NULL, "out of memory"};
        buf_done(&request->out);
        request_fail(request, RC_BUSY, &none);
    }
    bool streams = request->streamed && !failed;
    request_seal(request);
    bool gives_away = request->hand_over && !request->hand_over->over && request->status < 300;
    struct MHD_Response *response =
        gives_away ? hand_over_response(request)
        : streams  ? answer_stream_response(request)
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
        add_policy(request, response);
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
    if (request->stale && request->status < 300)
        add_header(response, "Warning", "110 - \"Response is Stale\"");
    if (request->challenge)
        add_header(response, "WWW-Authenticate", "Bearer");
    if (request->replayed)
        add_header(response, "Idempotent-Replayed", "true");
    if (request->upgrade_hint) { /* RFC 9110 15.5.22, RFC 6455 4.4 */
        add_header(response, "Upgrade", "websocket");
        add_header(response, "Connection", "Upgrade");
        add_header(response, "Sec-WebSocket-Version", "13");
    }
    if (!gives_away && (request->close || atomic_load_explicit(&server->draining, memory_order_relaxed)))
        add_header(response, "Connection", "close");
    if (server->cors_origins[0])
        add_cors(server, request, response);
    request->library_state = STATE_DONE;
    enum MHD_Result result = MHD_queue_response(connection_of(request), (unsigned)request->status, response);
    MHD_destroy_response(response);
    return result;
}
