#include "face/live/live_ticket.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "app/read_index.h"
#include "auth/token.h"
#include "base/digits.h"
#include "face/face.h"
#include "face/live/live_subscribe.h"
#include "http/json_out.h"

/* Lines of their own among the workers: so two of these wait for the log at most, and who makes tickets up
 * delays nobody but others who come with one. */
enum { LEAVING_LINE = 1, CLAIMING_LINE };

enum { NAME_BYTES = 2 * SHA256_DIGEST_LENGTH + 1 };

/* Asked of the log by a worker, while the request is suspended. */
struct live_errand {
    struct job job; /* first: the worker gives it back */
    struct request *request;
    const char *ticket;
    char *token; /* left; or what was claimed, in the arena */
    enum rc rc;
    struct fault fault;
};

static bool logs_keep_them(struct request *request)
{
    return face_of(request)->read_index != NULL;
}

static struct live_errand *errand_new(struct request *request, const char *ticket, char *token,
                                      void (*run)(struct job *job))
{
    struct live_errand *errand = arena_alloc(&request->arena, sizeof *errand);

    if (errand)
        *errand = (struct live_errand){{.run = run}, request, ticket, token, RC_BUSY, {NULL, NULL}};
    return errand;
}

/* Hands the errand to the workers, unless the log is known to be away; resumed finds in it what came of it.
 */
static void errand_send(struct live_errand *errand, uint64_t line, void (*resumed)(struct request *request))
{
    struct request *request = errand->request;
    struct face_context *context = face_of(request);
    bool away = read_index_is_away(context->read_index);

    request_suspend(request, resumed);
    if (!away && worker_do(context->worker, &errand->job, line) == RC_OK)
        return; /* it is the worker's by now */
    errand->rc = fault_set(&errand->fault, RC_BUSY, NULL,
                           away ? "the database cannot be reached; try again"
                                : "too many tickets are waiting; try again");
    request_resume(request);
}

/* The log is told what no ticket can be made of again. */
static void name_of(const char *ticket, char out[NAME_BYTES])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];

    (void)SHA256((const unsigned char *)ticket, strlen(ticket), digest); /* of memory: cannot fail */
    for (size_t i = 0; i < sizeof digest; i++)
        out = digits_hex(out, digest[i], 2);
    *out = '\0';
}

/* ---- giving ---- */

static void reply(struct request *request, const char *ticket)
{
    struct json_out out = {&request->out, false};

    json_open(&out, '{');
    json_put_text(&out, "ticket", ticket);
    json_put_int(&out, "expiresIn", TICKET_S);
    json_close(&out, '}');
    request_reply(request, 200, "application/json");
}

/* This node counts those that it gave: one that is spent counts no more. */
static void count_no_more(struct request *request, const char *ticket)
{
    struct caller caller;
    char *token = NULL;
    unsigned keys_version;

    (void)hub_spend_ticket(face_of(request)->hub, ticket, &caller, &token, &keys_version); /* if it gave it */
    free(token);
}

static void run_leaving(struct job *job)
{
    struct live_errand *errand = (struct live_errand *)job;
    char name[NAME_BYTES];

    name_of(errand->ticket, name);
    errand->rc = job->closing ? fault_set(&errand->fault, RC_BUSY, NULL, "the server is stopping")
                              : service_leave(face_of(errand->request)->service, name, errand->token,
                                              TICKET_S, &errand->fault);
    request_resume(errand->request);
}

static void left(struct request *request)
{
    const struct live_errand *errand = request->handler_state;

    if (errand->rc == RC_OK) {
        reply(request, errand->ticket);
        return;
    }
    count_no_more(request, errand->ticket);
    request_fail(request, errand->rc, &errand->fault);
}

/* In the log, too, where other nodes are asked for it. */
static enum rc leave(struct request *request, const char *ticket, const char *token, struct fault *fault)
{
    char *kept = arena_copy(&request->arena, ticket, TICKET_BYTES - 1);
    char *its_token = kept ? arena_copy(&request->arena, token, strlen(token)) : NULL;
    struct live_errand *errand = its_token ? errand_new(request, kept, its_token, run_leaving) : NULL;

    if (!errand) {
        count_no_more(request, ticket);
        return fault_no_memory(fault);
    }
    request->handler_state = errand;
    errand_send(errand, LEAVING_LINE, left);
    return RC_OK;
}

void live_ticket(struct request *request)
{
    struct hub_wish wish = {.token = NULL};
    char ticket[TICKET_BYTES];
    struct fault fault;
    enum rc rc = live_token(request, &wish, &fault);

    if (rc == RC_OK)
        rc = hub_ticket(face_of(request)->hub, face_caller(request), wish.token, wish.keys_version, ticket,
                        &fault);
    if (rc == RC_OK && wish.token && logs_keep_them(request)) /* without a token nobody asks for it */
        rc = leave(request, ticket, wish.token, &fault);
    else if (rc == RC_OK)
        reply(request, ticket);
    if (rc != RC_OK)
        request_fail(request, rc, &fault);
}

/* ---- taking ---- */

static void run_claiming(struct job *job)
{
    struct live_errand *errand = (struct live_errand *)job;
    struct request *request = errand->request;
    struct buf token = {.failed = false};
    char name[NAME_BYTES];

    name_of(errand->ticket, name);
    errand->rc = job->closing ? fault_set(&errand->fault, RC_BUSY, NULL, "the server is stopping")
                              : service_claim(face_of(request)->service, name, &token, &errand->fault);
    if (errand->rc == RC_OK) {
        errand->token = arena_copy(&request->arena, token.bytes, token.size);
        if (!errand->token)
            errand->rc = fault_no_memory(&errand->fault);
        count_no_more(request, errand->ticket);
    }
    buf_done(&token);
    request_resume(request);
}

bool live_ticket_ask(struct request *request, void (*again)(struct request *request))
{
    struct call *call = face_call(request);
    const char *ticket = NULL;
    struct fault unsaid; /* who asks for the caller finds it again */

    if (call->ticket || !logs_keep_them(request) || !face_of(request)->video_auth_required ||
        request_query(request, "ticket", &ticket, &unsaid) != RC_OK || !ticket || !hub_is_ticket(ticket))
        return false;
    call->ticket = errand_new(request, ticket, NULL, run_claiming);
    if (call->ticket)
        errand_send(call->ticket, CLAIMING_LINE, again);
    else
        request_fail(request, RC_BUSY, &(struct fault){NULL, "out of memory"});
    return true;
}

/* What the log said of it; its token is judged as if the request had it. */
static enum rc claimed(struct request *request, struct caller *out_caller, struct fault *fault)
{
    struct face_context *context = face_of(request);
    const struct live_errand *errand = face_call(request)->ticket;

    if (!errand || errand->rc == RC_NOT_FOUND)
        return fault_set(fault, RC_UNAUTHENTICATED, NULL, "the ticket is not good, or no more");
    if (errand->rc != RC_OK) {
        *fault = errand->fault;
        return errand->rc;
    }
    request->handler_state = errand->token;
    return auth_verify(context->auth, errand->token, strlen(errand->token), context->now_ms(), out_caller,
                       fault);
}

enum rc live_ticket_caller(struct request *request, struct caller *out_caller, bool *out_given,
                           struct fault *fault)
{
    const char *ticket = NULL;
    char *token = NULL;
    unsigned keys_version;
    enum rc rc = request_query(request, "ticket", &ticket, fault);

    *out_given = ticket != NULL || rc != RC_OK;
    if (rc != RC_OK || !ticket)
        return rc;
    if (logs_keep_them(request))
        return claimed(request, out_caller, fault);
    if (!hub_spend_ticket(face_of(request)->hub, ticket, out_caller, &token, &keys_version))
        return fault_set(fault, RC_UNAUTHENTICATED, NULL, "the ticket is not good, or no more");
    request->handler_state = token ? arena_copy(&request->arena, token, strlen(token)) : NULL;
    bool copied = !token || request->handler_state;
    free(token);
    return copied ? RC_OK : fault_no_memory(fault);
}
