#include "face/live/live_subscribe.h"

#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "app/access.h"
#include "auth/token.h"
#include "base/ident.h"
#include "base/text.h"
#include "face/accept.h"
#include "face/body.h"
#include "face/face.h"
#include "face/live/live_source.h"
#include "http/hand_over.h"

enum { ACCEPT_BYTES = 29 };

/* ---- what the client asks for ---- */

/* RFC 6455 4.1: sixteen bytes in base64. */
static bool is_key(const char *key)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    return key && strlen(key) == 24 && strspn(key, digits) == 22 && strcmp(key + 22, "==") == 0;
}

/* The text of Sec-WebSocket-Accept for a key, NUL-terminated. RFC 6455 4.2.2. */
static void accept_of(const char *key, char out[ACCEPT_BYTES])
{
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char text[24 + sizeof magic], digest[SHA_DIGEST_LENGTH];

    memcpy(text, key, 24);
    memcpy(text + 24, magic, sizeof magic - 1);
    (void)SHA1(text, 24 + sizeof magic - 1, digest);                    /* gives digest back */
    (void)EVP_EncodeBlock((unsigned char *)out, digest, sizeof digest); /* 28 characters and a NUL */
}

static enum rc judge_upgrade(struct request *request, struct fault *fault)
{
    const char *version = request_header(request, "Sec-WebSocket-Version");

    if (!header_list_find(request_header(request, "Connection"), "upgrade") ||
        strcmp(request->http_version, "HTTP/1.0") == 0)
        return fault_set(fault, RC_INVALID, "Connection", "must list Upgrade, over HTTP/1.1");
    if (!version || strcmp(version, "13") != 0)
        return fault_set(fault, RC_UPGRADE, "Sec-WebSocket-Version", "must be 13");
    if (!is_key(request_header(request, "Sec-WebSocket-Key")) ||
        request_header_count(request, "Sec-WebSocket-Key") > 1)
        return fault_set(fault, RC_INVALID, "Sec-WebSocket-Key", "must be 16 bytes in base64");
    return RC_OK;
}

/* Which of the two forms. RC_NOT_ACCEPTABLE: neither. */
static enum rc judge_form(struct request *request, enum hub_form *out_form, struct fault *fault)
{
    if (header_list_find(request_header(request, "Upgrade"), "websocket")) {
        *out_form = HUB_WEBSOCKET;
        return judge_upgrade(request, fault);
    }
    *out_form = HUB_SSE;
    if (accept_weight(request_header(request, "Accept"), "text/event-stream") > 0)
        return RC_OK;
    return fault_set(fault, RC_NOT_ACCEPTABLE, NULL,
                     "this is a stream: ask for text/event-stream, or upgrade to a WebSocket");
}

/* Another site's page must not open a stream with what its visitor's browser knows. Source: contract 6. */
static enum rc judge_origin(struct request *request, struct fault *fault)
{
    const char *origin = request_header(request, "Origin"), *host = request_header(request, "Host");
    const char *own = origin ? strstr(origin, "://") : NULL;

    if (!origin || (own && host && strcasecmp(own + 3, host) == 0) ||
        text_in_list(face_of(request)->cors_origins, ", ", origin))
        return RC_OK;
    return fault_set(fault, RC_DENIED, NULL, "this Origin is not allowed");
}

/* The header's, which EventSource sends when it comes back; else the query's, for who begins there. */
static enum rc read_after(struct request *request, struct hub_wish *wish, struct fault *fault)
{
    const char *header = request_header(request, "Last-Event-ID"), *text = NULL;
    enum rc rc = request_query(request, "lastEventId", &text, fault);
    int64_t after;

    if (header && *header)
        text = header;
    if (rc != RC_OK || !text)
        return rc;
    if (!ident_integer(text, strlen(text), &after) || after < 0)
        return fault_set(fault, RC_INVALID, "Last-Event-ID", "must be the id of a message");
    wish->has_after = true;
    wish->after = (uint64_t)after;
    return RC_OK;
}

static enum rc read_filter(struct request *request, struct hub_wish *wish, struct fault *fault)
{
    const struct caller *caller = face_caller(request);
    struct text user, course, item;
    enum rc rc = face_query_id(request, "userId", &user, fault);

    if (rc == RC_OK)
        rc = face_query_id(request, "courseId", &course, fault);
    if (rc == RC_OK)
        rc = face_query_id(request, "videoId", &item, fault);
    if (rc == RC_OK)
        rc = read_after(request, wish, fault);
    if (rc != RC_OK)
        return rc;
    wish->filter = (struct hub_filter){.user = user.bytes, .course = course.bytes, .item = item.bytes};
    bool sees_all = caller->roles & (ROLE_ADMIN | ROLE_SYSTEM);
    if (!user.bytes && !course.bytes && !item.bytes && !sees_all)
        wish->filter.user = caller->id; /* no filter means the same as one's own */
    return RC_OK;
}

/* ---- who asks ---- */

enum rc live_token(struct request *request, struct hub_wish *wish, struct fault *fault)
{
    struct face_context *context = face_of(request);
    const char *token = request->handler_state; /* a ticket's */
    const char *header = request_header(request, "Authorization");
    struct caller unused;

    if (!token && header && strncasecmp(header, "Bearer ", 7) == 0)
        token = header + 7 + strspn(header + 7, " ");
    if (!token || !face_caller(request)->id_size)
        return RC_OK;
    wish->token = token;
    wish->keys_version = keys_generation(auth_keys(context->auth));
    return auth_verify(context->auth, token, strlen(token), context->now_ms(), &unused, fault);
}

/* ---- the stream ---- */

struct giving {
    struct hand_over hand_over;
    struct subscriber *subscriber;
    char accept[ACCEPT_BYTES];
};

static void taken(void *arg, int fd, const char *ahead, size_t size)
{
    hub_give(((struct giving *)arg)->subscriber, fd, ahead, size);
}

static void lost(void *arg)
{
    hub_drop(((struct giving *)arg)->subscriber);
}

static enum rc begin(struct request *request, const struct hub_wish *wish, struct fault *fault)
{
    struct giving *giving = arena_alloc(&request->arena, sizeof *giving);

    if (!giving)
        return fault_no_memory(fault);
    enum rc rc = hub_subscribe(face_of(request)->hub, wish, &giving->subscriber, fault);
    if (rc != RC_OK)
        return rc;
    giving->hand_over = (struct hand_over){.taken = taken, .lost = lost, .arg = giving};
    if (wish->form == HUB_WEBSOCKET) {
        accept_of(request_header(request, "Sec-WebSocket-Key"), giving->accept);
        giving->hand_over.websocket_accept = giving->accept;
    }
    request_hand_over(request, &giving->hand_over, wish->form == HUB_SSE ? "text/event-stream" : NULL);
    return RC_OK;
}

void live_subscribe(struct request *request)
{
    struct hub_wish wish = {.caller = face_caller(request)};
    struct fault fault = {NULL, NULL};
    enum rc rc = judge_form(request, &wish.form, &fault);

    if (rc == RC_OK)
        rc = read_filter(request, &wish, &fault);
    if (rc == RC_OK)
        rc = judge_origin(request, &fault);
    if (rc == RC_OK)
        rc = live_may(face_of(request), wish.caller, &wish.filter, &fault);
    if (rc == RC_OK) {
        wish.filter.hides_previews = live_hides_previews(face_of(request), wish.caller, &wish.filter);
        rc = live_token(request, &wish, &fault);
    }
    if (rc == RC_OK && request->method == HTTP_HEAD)
        request_reply(request, 200, "text/event-stream");
    else if (rc == RC_OK)
        rc = begin(request, &wish, &fault);
    if (rc != RC_OK)
        request_fail(request, rc, &fault);
}
