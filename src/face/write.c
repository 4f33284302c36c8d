#include "face/write.h"

#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "app/access.h"
#include "app/read_index.h"
#include "base/instant.h"
#include "face/head.h"
#include "face/part_names.h"
#include "face/work.h"
#include "http/router.h"

/* Who does it, and on whose behalf: once it is known whose it is. */
static void set_actor(struct command *command, const struct caller *caller)
{
    struct text self = {caller->id, caller->id_size};

    command->may_pass_lock = caller->roles & ROLE_SYSTEM;
    if (caller->id_size && !text_equal(command->learner, self))
        command->actor = self;
    command->by_staff = !command->actor.bytes && !(caller->roles & ROLE_STUDENT);
    if (!caller->id_size)
        command->actor = (struct text){"server-key", 10};
}

bool face_reports(struct request *request, struct command *command, uint32_t count)
{
    command->reports = arena_alloc(&request->arena, (count + 1) * sizeof *command->reports);
    command->report_count = command->reports ? count : 0;
    return command->reports != NULL;
}

static void finish(struct request *request, struct command *command)
{
    if (command->rc != RC_OK) {
        request_fail(request, command->rc, &command->fault);
        return;
    }
    memcpy(request->etag, command->answer.etag, sizeof request->etag);
    request_reply(request, command->answer.status, "application/json");
}

static void go_on(struct request *request, struct command *command);

/* On a server thread again: the command is done. */
static void resumed(struct request *request)
{
    struct command *command = request->command;
    struct face_context *context = face_of(request);

    if (command->replay) { /* another node has answered it */
        command->replay = false;
        go_on(request, command);
        return;
    }
    if (command->outdated && command->again) {
        command->again(command);
        return;
    }
    if (command->rc == RC_OK && !command->answer_key) {
        struct view view = service_read_begin(context->service);
        command->encode(command, view);
        service_read_end(view);
    }
    finish(request, command);
}

/* On the engine's thread. */
static void done(struct command *command)
{
    struct request *request = command->waiter;

    if (command->answer_key) {
        idempotency_end(face_of(request)->answers, command->answer_key, command->rc == RC_OK,
                        command->answer.body->size);
        if (command->rc != RC_OK)
            buf_clear(command->answer.body);
    }
    request_resume(request);
}

static enum rc replay_answer(void *arg, const struct store_answer *answer, struct fault *fault)
{
    struct request *request = arg;

    request->status = answer->status;
    /* fits: it was ours */
    (void)snprintf(request->etag, sizeof request->etag, "%s", answer->etag ? answer->etag : "");
    buf_add(&request->out, answer->body, answer->body_size);
    return request->out.failed ? fault_no_memory(fault) : RC_OK;
}

/* False: out of memory. A hash of less than all of it would be another request's too. */
static bool hash16(uint8_t out[16], const char *const *parts, const size_t *sizes, int count)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    struct buf all = {0};

    for (int i = 0; i < count; i++) {
        buf_printf(&all, "%zu:", sizes[i]); /* lengths first, so that parts cannot run into each other */
        buf_add(&all, parts[i], sizes[i]);
    }
    bool whole = !all.failed && SHA256((const unsigned char *)all.bytes, all.size, digest);
    if (whole)
        memcpy(out, digest, 16);
    buf_done(&all);
    return whole;
}

/* The path as its route spells it, however the client did: '//', escapes and case are no difference. */
static void put_path(struct buf *out, const struct request *request)
{
    int param = 0;

    for (const char *at = request->route->pattern; *at; at++) {
        if (*at != '{') {
            buf_add(out, at, 1);
            continue;
        }
        const struct segment_text *id = &request->params[param++];
        for (uint32_t i = 0; i < id->size; i++)
            if (strchr("/%?", id->bytes[i])) /* or two paths could be one text */
                buf_printf(out, "%%%02X", (unsigned)id->bytes[i]);
            else
                buf_add(out, &id->bytes[i], 1);
        at = strchr(at, '}');
    }
    if (request->query && *request->query)
        buf_printf(out, "?%s", request->query);
}

/* The key's and the request's hashes, in the arena. Source: contract 1, Idempotency-Key; reliability A151. */
static enum rc take_key(struct request *request, struct command *command, struct fault *fault)
{
    const char *key = request_header(request, "Idempotency-Key");
    const struct caller *caller = face_caller(request);
    size_t size = key ? strlen(key) : 0;

    if (!key)
        return RC_OK;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)key[i] < 0x20 || key[i] == 0x7f)
            size = 0;
    if (size == 0 || size > 255 || request_header_count(request, "Idempotency-Key") > 1)
        return fault_set(fault, RC_INVALID, "Idempotency-Key", "must have 1 to 255 printable characters");
    uint8_t *hashes = arena_alloc(&request->arena, 32);
    if (!hashes)
        return fault_no_memory(fault);
    const char *method = http_method_name(request->method);
    struct buf path = {0};
    uint8_t who[16];
    put_path(&path, request);
    bool whole =
        !path.failed && hash16(who, (const char *[]){caller->id}, (const size_t[]){caller->id_size}, 1) &&
        hash16(hashes, (const char *[]){caller->id, key}, (const size_t[]){caller->id_size, size}, 2) &&
        hash16(hashes + 16, (const char *[]){method, path.bytes, request->body.bytes},
               (const size_t[]){strlen(method), path.size, request->body.size}, 3);
    buf_done(&path);
    if (!whole)
        return fault_no_memory(fault);
    memcpy(&command->answer_caller, who, sizeof command->answer_caller);
    command->answer_key = hashes;
    command->fingerprint = hashes + 16;
    return RC_OK;
}

static void after_lost_answer(struct request *request);

/* On a worker's thread. An answer that is gone told of somebody who was erased since: the key is free again.
 */
static enum rc fetch_answer(struct request *request, struct fault *fault)
{
    struct idempotency *answers = face_of(request)->answers;
    struct command *command = request->command;
    enum rc rc = idempotency_fetch(answers, command->answer_key, replay_answer, request, fault);

    request->replayed = rc == RC_OK;
    if (rc == RC_NOT_FOUND)
        idempotency_lost(answers, command->answer_key, command->answer_serial);
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static void fetched(struct request *request)
{
    if (request->replayed)
        request_reply(request, request->status, "application/json");
    else
        after_lost_answer(request);
}

/* Whether the command's turn has come; else the request is answered, or will be. judge: idempotency_begin, or
 * idempotency_look before what must come before the engine. */
static bool idempotent_go_on(struct request *request, struct command *command, idempotency_judge *judge)
{
    struct face_context *context = face_of(request);
    struct fault fault = {NULL, NULL};
    enum rc rc = command->answer_key ? RC_OK : take_key(request, command, &fault);
    enum idempotency_verdict verdict = IDEMPOTENCY_NEW;

    if (rc == RC_OK && command->answer_key)
        verdict = judge(context->answers, command->answer_key, command->fingerprint, command->answer_caller,
                        context->now_ms(), &command->answer_serial);
    if (verdict == IDEMPOTENCY_REPLAY) {
        request->command = command;
        face_work(request, fetch_answer, fetched);
        return false;
    }
    if (verdict == IDEMPOTENCY_RUNNING)
        rc = fault_set(&fault, RC_CONFLICT, "Idempotency-Key", "the same request is still running");
    if (verdict == IDEMPOTENCY_REUSED)
        rc = fault_set(&fault, RC_KEY_REUSED, "Idempotency-Key", "was used for another request");
    if (verdict == IDEMPOTENCY_FULL)
        rc = fault_set(&fault, RC_TOO_MANY, "Idempotency-Key",
                       "a caller has at most 10,000 live keys, and 16 MiB of answers kept for them");
    if (rc != RC_OK)
        request_fail(request, rc, &fault);
    return rc == RC_OK;
}

/* The day of each report, for streaks: of the learner's own zone where their own token names one. Contract 6.
 */
static void date_reports(struct request *request, struct command *command)
{
    struct face_context *context = face_of(request);
    const struct caller *caller = face_caller(request);
    const struct zone *own = !command->actor.bytes && caller->zone[0] ? zone_named(caller->zone) : NULL;
    int64_t now_ms = command->report_count ? context->now_ms() : 0;

    command->zone = own ? zone_name(own) : NULL;
    for (uint32_t i = 0; i < command->report_count; i++) {
        struct report *report = &command->reports[i].report;
        int64_t at_ms = report->has & HAS_CLIENT_AT ? report->client_at_ms : now_ms;
        report->local_day = instant_day(zone_local_ms(own ? own : context->zone, at_ms));
        report->has |= HAS_DAY;
    }
}

static void go_on(struct request *request, struct command *command)
{
    if (!idempotent_go_on(request, command, idempotency_begin))
        return;
    request->command = command;
    if (face_of(request)->read_index) /* other nodes' turns come before */
        request_wait_long(request, resumed);
    else
        request_wait(request, resumed);
}

void write_submit(struct request *request)
{
    struct command *command = request->command;

    command->encode = request->route->write->encode;
    command->done = done;
    command->waiter = request;
    command->answer.status = 200;
    command->answer.body = &request->out;
    date_reports(request, command);
    go_on(request, command);
}

static struct access_subject subject_of(const struct command *command)
{
    return (struct access_subject){command->learner.bytes, command->learner.size, 0,
                                   command->course.bytes != NULL};
}

/* The route's rule, for the learner and the course that the path or the body names. */
static enum rc may(struct request *request, struct command *command, struct fault *fault)
{
    const struct write_handler *handler = request->route->write;
    enum access_rule rule = (enum access_rule)request->route->rule;
    struct access_subject subject = subject_of(command);
    struct call *call = face_call(request);
    enum rc rc;

    if (!call->user.size)
        call->user = command->learner; /* whom a body names, for who notes what was done to whom */
    if (!call->course.size)
        call->course = command->course;
    if (handler->engine_asks || (!handler->may && !access_asks_whose(rule)))
        return RC_OK;
    if (!handler->may && !access_asks_course(rule))
        return access_check(rule, face_caller(request), (struct view){NULL, false}, &subject, fault);
    struct view view = service_read_begin(face_of(request)->service);
    if (subject.has_course)
        subject.course = view_course_key(view, command->course.bytes, command->course.size);
    rc = handler->may ? handler->may(request, view, command, fault)
                      : access_check(rule, face_caller(request), view, &subject, fault);
    service_read_end(view);
    return rc;
}

static enum rc decode(struct request *request, struct command *command, struct fault *fault)
{
    const struct write_handler *handler = request->route->write;
    BODY body = {NULL, handler->spelling};
    enum rc rc = RC_OK;

    if (request->route->takes && (request->body.size || !(request->route->body_form & BODY_OPTIONAL)))
        rc = face_body(request, handler->spelling, &body, fault);
    if (rc == RC_OK && handler->decode)
        rc = handler->decode(request, &body, command, fault);
    return rc;
}

/* What the head of the request says of a command; NULL: out of memory. */
static struct command *new_command(struct request *request)
{
    const struct write_handler *handler = request->route->write;
    const struct call *call = face_call(request);
    const char *if_match = request_header(request, "If-Match");
    struct command *command = arena_alloc(&request->arena, sizeof *command);

    if (!command)
        return NULL;
    command->kind = handler->kind;
    command->face = (enum event_face)request->route->face;
    command->part_names = face_part_names(command->face);
    command->learner = handler->engine_asks ? (struct text){"", 0} : call->user;
    command->course = call->course;
    command->caller = handler->engine_asks ? &call->caller : NULL;
    command->all_or_nothing = handler->all_or_nothing;
    command->again = handler->again;
    command->arena = &request->arena;
    if (if_match && !(command->if_match = arena_copy(&request->arena, if_match, strlen(if_match))))
        return NULL;
    return command;
}

/* Whether who may is looked up in the model. All else is decided by the engine, at the log's head anyhow. */
static bool asks_model(struct request *request, const struct command *command)
{
    const struct write_handler *handler = request->route->write;
    enum access_rule rule = (enum access_rule)request->route->rule;
    struct access_subject subject = subject_of(command);

    if (handler->may)
        return true;
    return !handler->engine_asks && access_asks_course(rule) &&
           !access_needs_no_view(rule, face_caller(request), &subject);
}

/* To the engine, or to what must come before it. A key that was used is answered first: what it was about may
 * be gone by now. Source: contract 1, the order of refusals. */
static void prepare(struct request *request)
{
    const struct write_handler *handler = request->route->write;
    struct command *command = request->command;

    if (!handler->before)
        write_submit(request);
    else if (idempotent_go_on(request, command, idempotency_look))
        handler->before(request, command);
}

static void after_lost_answer(struct request *request)
{
    struct command *command = request->command;

    if (command->waiter) /* it was on its way to the engine */
        go_on(request, command);
    else
        prepare(request);
}

static void admit(struct request *request)
{
    struct command *command = request->command;
    struct fault fault = {NULL, NULL};
    enum rc rc = may(request, command, &fault);

    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    set_actor(command, face_caller(request));
    prepare(request);
}

void write_handle(struct request *request)
{
    const struct read_index *index = face_of(request)->read_index;
    struct fault fault = {NULL, NULL};
    struct command *command = new_command(request);
    enum rc rc = command ? decode(request, command, &fault) : fault_no_memory(&fault);

    request->command = command;
    if (rc != RC_OK)
        request_fail(request, rc, &fault);
    else if (index && !request->route->write->looks &&
             (read_index_is_lost(index) || asks_model(request, command)))
        head_wait(request, admit); /* while the log is lost it is refused there, at once */
    else
        admit(request);
}

/* Those that wait for the log's head, and those for the engine. */
void face_turn_over(struct face_context *context, struct request *first)
{
    struct command *commands = NULL, **end = &commands;
    struct read_waiter *readers = NULL, **readers_end = &readers;
    struct fault fault = {NULL, NULL};

    for (struct request *request = first; request; request = request->next_waiting) {
        struct read_waiter *waiter = face_call(request)->waiter;
        if (waiter) {
            *readers_end = waiter;
            readers_end = &waiter->next;
            continue;
        }
        *end = request->command;
        end = &(*end)->next;
    }
    *end = NULL;
    *readers_end = NULL;
    if (readers)
        read_index_wait(context->read_index, readers);
    if (!commands)
        return;
    struct command *refused = service_submit(context->service, commands, &fault);
    for (struct command *next; refused; refused = next) {
        next = refused->next; /* after done it may be gone */
        refused->rc = RC_BUSY;
        refused->fault = fault;
        done(refused);
    }
}
