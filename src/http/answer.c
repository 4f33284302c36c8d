#include "http/answer.h"

#include <stdio.h>
#include <string.h>

#include <microhttpd.h>
#include <xxhash.h>

#include "base/digits.h"
#include "base/text.h"
#include "http/gzip.h"
#include "http/hand_over.h"
#include "http/loop.h"
#include "http/mhd_request.h"
#include "http/server_private.h"
#include "http/answer_stream.h"

enum {
    GZIP_FROM_BYTES = 1024,          /* smaller answers gain nothing */
    GZIP_ON_LOOP_BYTES = 256 * 1024, /* takes 2 ms; what is larger comes from workers, or goes as it is */
};

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

enum MHD_Result send_answer(struct http_server *server, struct request *request)
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
        add_header(response, "Content-Security-Policy",
                   "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
                   " media-src 'self' blob:;"
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
    if (request->upgrade_hint)
        add_header(response, "Sec-WebSocket-Version", "13");
    if (!gives_away && (request->close || atomic_load_explicit(&server->draining, memory_order_relaxed)))
        add_header(response, "Connection", "close");
    if (server->cors_origins[0])
        add_cors(server, request, response);
    request->library_state = STATE_DONE;
    enum MHD_Result result = MHD_queue_response(connection_of(request), (unsigned)request->status, response);
    MHD_destroy_response(response);
    return result;
}
