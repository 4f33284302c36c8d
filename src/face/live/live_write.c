#include "face/live/live_write.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/access.h"
#include "base/digits.h"
#include "base/monotonic.h"
#include "face/body.h"
#include "face/dispatch.h"
#include "face/video/video.h"
#include "face/write.h"
#include "http/carried.h"
#include "http/json_out.h"

enum { REF_MAX_BYTES = 128 };

/* A message as a request: the WebSocket carries it. */
struct carried {
    struct carrier carrier; /* first */
    struct hub_write *write;
    char *ref;      /* JSON text, in the request's arena; NULL: none */
    bool over_rate; /* refused, whatever it is; it is read for its name */
};

static struct carried *carried_of(struct request *request)
{
    return (struct carried *)(uintptr_t)request->carrier;
}

/* ---- the answer ---- */

/* An object's text without its first member, which is type, and without its last brace. */
static void put_rest(struct buf *out, const struct buf *object)
{
    static const char first[] = "{\"type\":\"about:blank\"";

    if (object->size > sizeof first)
        buf_add(out, object->bytes + sizeof first - 1, object->size - sizeof first);
}

static void put_answer(struct buf *out, const struct request *request)
{
    const struct carried *carried = (const struct carried *)(uintptr_t)request->carrier;

    if (request->status < 300) {
        buf_printf(out, "{\"type\":\"ack\",\"status\":%d,\"result\":", request->status);
        buf_add(out, request->out.bytes, request->out.size);
    } else {
        buf_text(out, "{\"type\":\"error\"");
        put_rest(out, &request->out);
    }
    if (carried->ref) {
        buf_text(out, ",\"ref\":");
        buf_text(out, carried->ref);
    }
    buf_char(out, '}');
}

/* Its answer goes to its client, and it is gone. */
static void finish(struct request *request)
{
    struct carried *carried = carried_of(request);
    struct buf out = {.failed = false};

    put_answer(&out, request);
    bool whole = !out.failed && !request->out.failed;
    hub_answer(carried->write, whole ? out.bytes : NULL, whole ? out.size : 0);
    buf_done(&out);
    carried_free(request);
    free(carried);
}

/* ---- waiting ---- */

static void wait(struct request *request)
{
    request->next_waiting = NULL;
    face_turn_over(request->server, request);
}

static void go_on(struct hub_write *write)
{
    struct request *request = write->answerer;

    request->suspended = false;
    request->resumed(request);
    if (!request->suspended)
        finish(request);
}

static void resume(struct request *request)
{
    hub_later(carried_of(request)->write, go_on);
}

/* ---- handling ---- */

/* What names the message in its answer: text, or a whole number. */
static enum rc read_ref(struct request *request, struct fault *fault)
{
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = face_body(request, SPELLING_EXACT, &body, fault);
    json_t *ref = rc == RC_OK ? body_get(&body, "ref") : NULL;

    if (!ref)
        return rc;
    bool is_text = json_is_string(ref) && json_string_length(ref) <= REF_MAX_BYTES;
    int64_t number = 0;
    if (!is_text && json_in_integer(ref, "ref", INT64_MIN, INT64_MAX, &number, fault) != RC_OK)
        return fault_set(fault, RC_INVALID, "ref",
                         "must be a string of at most 128 bytes, or a whole number");
    char *text = is_text ? json_dumps(ref, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    struct carried *carried = carried_of(request);
    carried->ref = !is_text ? arena_printf(&request->arena, "%lld", (long long)number)
                   : text   ? arena_copy(&request->arena, text, strlen(text))
                            : NULL;
    free(text);
    return carried->ref ? RC_OK : fault_no_memory(fault);
}

/* As the row of POST /progress/realtime; not in the table, since nobody finds it there. */
static const struct http_route report = {.method = HTTP_POST,
                                         .pattern = "/progress/realtime",
                                         .rule = ACCESS_PERSON,
                                         .face = FACE_VIDEO,
                                         .write = &video_update,
                                         .takes = "VideoUpdate",
                                         .gives = "VideoState"};

static void handle(struct request *request)
{
    struct fault fault = {NULL, NULL};
    bool names_itself =
        request->body.size && memmem(request->body.bytes, request->body.size, "\"ref\"", 5) != NULL;
    enum rc rc = names_itself ? read_ref(request, &fault) : RC_OK;

    if (carried_of(request)->over_rate)
        rc = fault_set(&fault, RC_TOO_MANY, NULL, "too many requests; slow down");
    request->route = &report;
    if (rc == RC_OK)
        write_handle(request);
    else
        request_fail(request, rc, &fault);
}

/* The message, which may name itself, before it is a report. */
static const struct http_route route = {.method = HTTP_POST,
                                        .pattern = "/progress/realtime",
                                        .rule = ACCESS_PERSON,
                                        .face = FACE_VIDEO,
                                        .handler = handle,
                                        .takes = "VideoUpdate",
                                        .gives = "VideoState"};

static struct request *new_request(struct face_context *context, struct hub_write *write)
{
    static atomic_ullong number;
    struct carried *carried = calloc(1, sizeof *carried);
    struct request *request = carried ? carried_new(&carried->carrier) : NULL;
    struct call *call = request ? arena_alloc(&request->arena, sizeof *call) : NULL;

    if (!call) {
        if (request)
            carried_free(request);
        free(carried);
        return NULL;
    }
    call->caller = *write->caller;
    *carried = (struct carried){.carrier = {wait, resume}, .write = write};
    request->server = context;
    request->call = call;
    request->method = HTTP_POST;
    request->route = &route;
    request->target = route.pattern;
    request->body_max = ROUTE_BODY_BYTES;
    *digits_hex(stpcpy(request->request_id, "ws-"), atomic_fetch_add(&number, 1), 1) = '\0';
    buf_add(&request->body, write->bytes, write->size);
    if (request->body.failed) {
        carried_free(request);
        free(carried);
        return NULL;
    }
    return request;
}

static bool is_over_rate(const struct face_context *context, const struct caller *caller)
{
    return context->limiter && caller->id_size &&
           !limiter_take(context->limiter, caller->id, caller->id_size, monotonic_ms());
}

void live_write(void *context, struct hub_write *write)
{
    struct request *request = new_request(context, write);

    if (!request) {
        hub_answer(write, NULL, 0); /* out of memory */
        return;
    }
    write->answerer = request;
    carried_of(request)->over_rate = is_over_rate(context, write->caller);
    if (write->is_text || carried_of(request)->over_rate)
        dispatch_handle(request);
    else
        request_fail(request, RC_INVALID, &(struct fault){"body", "a message must be text that holds JSON"});
    if (!request->suspended)
        finish(request);
}
