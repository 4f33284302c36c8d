#include "face/dispatch.h"

#include <string.h>
#include <strings.h>

#include "app/access.h"
#include "app/read_index.h"
#include "auth/keys.h"
#include "auth/token.h"
#include "base/ident.h"
#include "base/monotonic.h"
#include "face/body.h"
#include "face/face.h"
#include "face/head.h"
#include "face/jwks.h"
#include "face/live/live_subscribe.h"
#include "face/live/live_ticket.h"
#include "face/own/own_server.h"
#include "face/read.h"
#include "face/slow.h"
#include "face/work.h"
#include "face/write.h"

/* From a request's head to its handler, in the order the contract asks for: route, method, token, rate, role,
 * path, media type, length. All of it before the body: who may not get in costs nothing but their head.
 * Source: contract 1, Errors "Order when several apply". */

/* The token of the Authorization header, or (GET on courseroom only) of the cookie accessToken. */
static enum rc find_token(struct request *request, const char **out_token, size_t *out_size,
                          struct fault *fault)
{
    const char *header = request_header(request, "Authorization");

    if (request_header_count(request, "Authorization") > 1)
        return fault_set(fault, RC_UNAUTHENTICATED, NULL, "more than one Authorization header");
    if (header && *header) {
        if (strncasecmp(header, "Bearer ", 7) != 0)
            return fault_set(fault, RC_UNAUTHENTICATED, NULL, "a Bearer token is required");
        header += 7;
        while (*header == ' ')
            header++;
        *out_token = header;
        *out_size = strlen(header);
        return RC_OK;
    }
    bool reads = request->method == HTTP_GET || request->method == HTTP_HEAD;
    const char *cookie =
        reads && request->route->face == FACE_COURSEROOM ? request_header(request, "Cookie") : NULL;
    for (const char *at = cookie; at && (at = strstr(at, "accessToken=")); at++)
        if (at == cookie || at[-1] == ' ' || at[-1] == ';') {
            *out_token = at + 12;
            *out_size = strcspn(at + 12, "; ");
            return RC_OK;
        }
    return fault_set(fault, RC_UNAUTHENTICATED, NULL, "a Bearer token is required");
}

/* Who watches, and has no header. */
static bool may_have_ticket(struct request *request)
{
    const char *header = request_header(request, "Authorization");

    return request->route->handler == live_subscribe && !(header && *header);
}

static enum rc authenticate(struct request *request, struct caller *out_caller, struct fault *fault)
{
    struct face_context *context = face_of(request);
    const char *token = NULL;
    size_t size = 0;
    bool ticket = false;
    enum rc rc = RC_OK;

    if (may_have_ticket(request))
        rc = live_ticket_caller(request, out_caller, &ticket, fault);
    if (ticket)
        return rc;
    rc = find_token(request, &token, &size, fault);
    if (rc != RC_OK)
        return rc;
    return auth_verify(context->auth, token, size, context->now_ms(), out_caller, fault);
}

/* X-Server-Key (or X-Service-Key), once. */
static enum rc check_server_key(struct request *request, struct fault *fault)
{
    struct face_context *context = face_of(request);
    const char *given = request_header(request, "X-Server-Key");
    int count =
        request_header_count(request, "X-Server-Key") + request_header_count(request, "X-Service-Key");

    if (!given)
        given = request_header(request, "X-Service-Key");
    return given && count == 1
               ? keys_check_server_key(auth_keys(context->auth), given, strlen(given), fault)
               : fault_set(fault, RC_UNAUTHENTICATED, NULL, "a valid X-Server-Key is required");
}

/* rate_limit, per caller; who has no id (the server key alone) is one caller. */
static enum rc pace(struct request *request, const struct caller *caller, struct fault *fault)
{
    struct face_context *context = face_of(request);

    if (!context->limiter || limiter_take(context->limiter, caller->id, caller->id_size, monotonic_ms()))
        return RC_OK;
    return fault_set(fault, RC_TOO_MANY, NULL, "too many requests; slow down");
}

static enum rc admit(struct request *request, struct caller *caller, struct fault *fault)
{
    struct face_context *context = face_of(request);
    enum access_rule rule = (enum access_rule)request->route->rule;

    if (rule == ACCESS_PUBLIC)
        return RC_OK;
    if (rule == ACCESS_SERVER_KEY || rule == ACCESS_WEBHOOK) {
        enum rc known = check_server_key(request, fault);
        if (known == RC_OK && rule == ACCESS_WEBHOOK && context->webhook_jwt_required)
            known = authenticate(request, caller, fault);
        return known == RC_OK ? pace(request, caller, fault) : known;
    }
    if (request->route->face == FACE_VIDEO && !context->video_auth_required) {
        *caller = (struct caller){.roles = ROLE_SYSTEM}; /* a trusted network: contract 6 */
        return RC_OK;
    }
    enum rc rc = authenticate(request, caller, fault);
    if (rc == RC_OK)
        rc = pace(request, caller, fault);
    if (rc == RC_OK && !access_role(rule, caller->roles))
        rc = fault_set(fault, RC_DENIED, NULL, "Access denied");
    return rc;
}

/* What a parameter of that name says the request is about. */
static void take_subject(struct request *request, const char *name, size_t size, int index)
{
    static const struct {
        const char *name;
        size_t offset;
        int face; /* 0: any */
    } subjects[] = {
        {"userId", offsetof(struct call, user), 0},          {"courseId", offsetof(struct call, course), 0},
        {"moduleId", offsetof(struct call, course), 0},      {"videoId", offsetof(struct call, item), 0},
        {"id", offsetof(struct call, course), FACE_CATALOG},
    };

    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        if (strncmp(subjects[i].name, name, size) == 0 && !subjects[i].name[size] &&
            (!subjects[i].face || subjects[i].face == request->route->face)) {
            char *call = (char *)face_call(request);
            *(struct text *)(void *)(call + subjects[i].offset) = face_param(request, index);
            return;
        }
}

/* Every parameter of the path is an id, some routes' are integers. Source: contract 1, Ids. */
static enum rc judge_path(struct request *request, struct fault *fault)
{
    const char *at = request->route->pattern;
    enum rc rc = RC_OK;
    int64_t number;

    if (request->path_malformed)
        return fault_set(fault, RC_INVALID, "path", "a percent escape in the path is malformed");
    for (int i = 0; rc == RC_OK && i < MAX_PARAMS && (at = strchr(at, '{')); i++) {
        const struct segment_text *param = &request->params[i];
        const char *end = strchr(++at, '}');
        struct fault found = {NULL, NULL};
        rc = request_id_param(request, i, "", &found);
        if (rc == RC_OK && request->route->integers && !ident_integer(param->bytes, param->size, &number))
            rc = fault_set(&found, RC_INVALID, "", "must be an integer");
        if (rc != RC_OK)
            (void)fault_set(fault, rc, arena_copy(&request->arena, at, (size_t)(end - at)), found.message);
        else
            take_subject(request, at, (size_t)(end - at), i);
    }
    return rc;
}

static enum rc judge_rest(struct request *request, struct fault *fault)
{
    const struct caller *caller = face_caller(request);
    enum rc rc = judge_path(request, fault);

    if (rc == RC_OK)
        rc = face_judge_body(request, fault);
    if (caller->id_size)
        request->payer = face_line(request);
    return rc;
}

/* From the token on: also where a request goes on after it waited for what its ticket stands for, or for
 * keys.
 */
static void judge_caller(struct request *request)
{
    struct jwks *jwks = face_of(request)->jwks;
    struct fault fault = {NULL, NULL};

    if (may_have_ticket(request) && live_ticket_ask(request, judge_caller))
        return;
    enum rc rc = admit(request, &request->call->caller, &fault);

    if (rc == RC_UNKNOWN_KEY && jwks)
        switch (jwks_ask(jwks, request, judge_caller)) {
        case JWKS_WAIT:
            return;
        case JWKS_CHANGED:
            rc = admit(request, &request->call->caller, &fault);
            break;
        case JWKS_REFUSE:
            rc = fault_set(&fault, RC_UNAUTHENTICATED, NULL, "the token's key is not known");
            break;
        case JWKS_UNREACHABLE:
            rc = fault_set(&fault, RC_BUSY, NULL, "the keys cannot be fetched; try again");
            break;
        }
    if (rc == RC_OK)
        rc = judge_rest(request, &fault);
    if (rc != RC_OK)
        request_fail(request, rc, &fault);
}

/* ---- large bodies ----
 * A loop parses and decodes small ones; 1 MiB of segments takes it 80 ms, and eight connections that send
 * those made others wait for 760. So larger ones are handled by a worker, a caller at a time. A compressed
 * one may be as large. */

enum {
    LOOP_BODY_BYTES = 16 * 1024,
    HUB_BODY_BYTES = 2 * 1024, /* of a message: one thread has all the streams there are */
};

static void handle(struct request *request)
{
    const struct http_route *route = request->route;

    if (route->write)
        write_handle(request);
    else if (route->read)
        read_handle(request);
    else if (route->slow)
        slow_handle(request);
    else
        route->handler(request);
}

struct apart {
    struct job job; /* first: the worker gives it back */
    struct request *request;
};

static void run_apart(struct job *job)
{
    struct request *request = ((struct apart *)job)->request;

    if (!job->closing) {
        request_handle_apart(request, handle);
        return;
    }
    request_fail(request, RC_BUSY, &(struct fault){NULL, "the server is stopping"});
    request_resume(request);
}

static void handle_apart(struct request *request)
{
    struct apart *apart = arena_alloc(&request->arena, sizeof *apart);
    struct fault fault = {NULL, "out of memory"};

    request_suspend(request, request_handled_apart);
    if (apart)
        *apart = (struct apart){{.run = run_apart}, request};
    enum rc rc = apart ? face_queue(request, &apart->job, &fault) : RC_BUSY;
    if (rc != RC_OK) { /* else it is the worker's by now */
        request_fail(request, rc, &fault);
        request_resume(request);
    }
}

static void handle_here_or_apart(struct request *request)
{
    size_t here = request->carrier ? HUB_BODY_BYTES : LOOP_BODY_BYTES;

    if (request->body.size > here || (request->body.size && face_body_is_packed(request)))
        handle_apart(request);
    else
        handle(request);
}

/* Who looks into the model waits for the log's head first: reads, unless read_consistency is local, and some
 * writes. The others wait only if the model says who may (write.c). */
void dispatch_handle(struct request *request)
{
    struct face_context *context = face_of(request);
    const struct http_route *route = request->route;
    bool watches = route->handler == live_subscribe, shows = route->read || route->slow || watches;

    if (!context->read_index || !(shows || (route->write && route->write->looks))) {
        handle_here_or_apart(request);
    } else if (context->reads_local && shows && !watches) {
        request->stale = read_index_is_away(context->read_index);
        handle_here_or_apart(request);
    } else {
        head_wait(request, handle_here_or_apart);
    }
}

void dispatch_judge(struct request *request)
{
    struct face_context *context = face_of(request);
    struct call *call = arena_alloc(&request->arena, sizeof *call);
    struct fault fault = {NULL, NULL};
    enum rc rc = call ? request_split_path(request, &fault) : RC_BUSY;

    request->call = call;
    if (rc == RC_OK)
        rc = http_find_route(context->routes, request, &fault);
    if (rc == RC_METHOD && request->method == HTTP_OPTIONS) {
        request_reply(request, 204, NULL);
        return;
    }
    if (rc == RC_OK)
        judge_caller(request);
    else
        request_fail(request, rc, &fault);
}

void dispatch_judge_metrics(struct request *request)
{
    struct face_context *context = face_of(request);
    struct fault fault = {NULL, NULL};
    enum rc rc = request_split_path(request, &fault);

    if (rc == RC_OK)
        rc = http_find_route(context->routes, request, &fault);
    bool ours = rc == RC_OK && (request->route->handler == own_server_metrics ||
                                request->route->handler == own_server_healthz ||
                                request->route->handler == own_server_readyz);
    if (!ours)
        request_fail(request, rc == RC_METHOD || rc == RC_INVALID ? rc : RC_NOT_FOUND,
                     rc == RC_OK ? &(struct fault){NULL, "no such path"} : &fault);
}
