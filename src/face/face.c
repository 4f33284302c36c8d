#include "face/face.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/sha.h>
#include <xxhash.h>

#include "base/ident.h"
#include "base/instant.h"
#include "core/limits.h"
#include "core/members.h"
#include "http/gzip.h"

_Static_assert((int)LIMIT_OBJECT_MEMBERS == (int)JSON_MAX_MEMBERS, "one limit, said twice");

/* ---- decoding ---- */

/* application/json, perhaps with charset=utf-8; no Content-Type is read as JSON. Source: reliability A81. */
static bool json_media_type(const char *type, bool beacon)
{
    size_t size = type ? strcspn(type, ";") : 0;

    if (!type)
        return true;
    while (size && (type[size - 1] == ' ' || type[size - 1] == '\t'))
        size--;
    bool known = (size == 16 && strncasecmp(type, "application/json", 16) == 0) ||
                 (beacon && size == 10 && strncasecmp(type, "text/plain", 10) == 0);
    const char *charset = strcasestr(type, "charset=");
    if (!known || !charset)
        return known;
    charset += 8;
    if (*charset == '"')
        charset++;
    return strncasecmp(charset, "utf-8", 5) == 0 || strncasecmp(charset, "utf8", 4) == 0;
}

bool face_body_is_packed(struct request *request)
{
    const char *encoding = request_header(request, "Content-Encoding");
    return encoding && strcasecmp(encoding, "gzip") == 0;
}

enum rc face_judge_body(struct request *request, struct fault *fault)
{
    const struct http_route *route = request->route;
    const char *encoding = request_header(request, "Content-Encoding");
    bool empty = !request->chunked && request->content_length == 0;

    if (request->method == HTTP_GET || request->method == HTTP_HEAD)
        return RC_OK; /* whatever comes is thrown away */
    request->body_max = route->body_max_bytes ? route->body_max_bytes : ROUTE_BODY_BYTES;
    if (route->takes && !(empty && route->body_form & BODY_OPTIONAL)) {
        if (!json_media_type(request_header(request, "Content-Type"), route->body_form & BODY_BEACON))
            return fault_set(fault, RC_MEDIA_TYPE, NULL, "the body must be application/json in UTF-8");
        if (encoding && strcasecmp(encoding, "identity") != 0 &&
            !(face_body_is_packed(request) && route->body_form & BODY_GZIP))
            return fault_set(fault, RC_MEDIA_TYPE, NULL, "this Content-Encoding is not accepted here");
    }
    if (request->content_length <= request->body_max)
        return RC_OK;
    return fault_set(
        fault, RC_TOO_LARGE, NULL,
        arena_printf(&request->arena, "a body has at most %zu MiB here", request->body_max >> 20));
}

enum rc face_body(struct request *request, enum spelling spelling, struct body *out_body, struct fault *fault)
{
    enum rc rc = RC_OK;

    out_body->root = NULL;
    out_body->spelling = spelling;
    if (face_body_is_packed(request) && request->route->body_form & BODY_GZIP) {
        rc = gzip_inflate(&request->body, request->body_max, fault);
        if (rc == RC_OK)
            rc = request_charge_body(request, fault);
    }
    if (rc != RC_OK)
        return rc;
    rc = json_in(request->body.bytes, request->body.size, &out_body->root, fault);
    if (rc == RC_OK && spelling == SPELLING_ANY_CASE)
        rc = json_in_case_clash(out_body->root, fault);
    return rc;
}

enum rc face_id(struct request *request, const struct body *body, const char *name, bool required,
                struct text *out, struct fault *fault)
{
    json_t *value = body_get(body, name);

    *out = (struct text){NULL, 0};
    if (!value && !required)
        return RC_OK;
    return json_in_id(&request->arena, value, name, &out->bytes, &out->size, fault);
}

enum rc face_query_id(struct request *request, const char *name, struct text *out, struct fault *fault)
{
    const char *text;
    enum rc rc = request_query(request, name, &text, fault);

    *out = (struct text){NULL, 0};
    if (rc != RC_OK || !text)
        return rc;
    size_t size = strlen(text);
    const char *problem = ident_problem(text, size);
    if (problem)
        return fault_set(fault, RC_INVALID, name, problem);
    char *id = arena_copy(&request->arena, text, size);
    if (!id)
        return fault_no_memory(fault);
    ident_normalize(id, size);
    *out = (struct text){id, (uint32_t)size};
    return RC_OK;
}

enum rc face_query_number(struct request *request, const char *name, int64_t low, int64_t high,
                          int64_t *inout, struct fault *fault)
{
    const char *text;
    enum rc rc = request_query(request, name, &text, fault);
    int64_t value;

    if (rc != RC_OK || !text)
        return rc;
    if (!ident_integer(text, strlen(text), &value) || value < low || value > high)
        return fault_set(fault, RC_INVALID, name, "must be a whole number in range");
    *inout = value;
    return RC_OK;
}

enum rc face_may(struct request *request, struct view view, enum access_rule rule, struct text user,
                 uint32_t course, bool has_course, struct fault *fault)
{
    struct access_subject subject = {user.bytes, user.size, course, has_course};
    return access_check(rule, face_caller(request), view, &subject, fault);
}

enum rc face_may_user(struct request *request, struct text user, struct fault *fault)
{
    struct view view = model_read_begin(face_of(request)->model);
    enum rc rc = face_may(request, view, (enum access_rule)request->route->rule, user, 0, false, fault);

    model_read_end(view);
    return rc;
}

enum rc face_course(struct view view, struct text id, uint32_t *out_key, struct fault *fault)
{
    *out_key = view_course_key(view, id.bytes, id.size);
    return view_course(view, *out_key) ? RC_OK : fault_set(fault, RC_NOT_FOUND, NULL, "Course not found");
}

void face_end_read(struct request *request, struct view view, enum rc rc, const struct fault *fault)
{
    model_read_end(view);
    if (rc == RC_OK)
        request_reply(request, 200, "application/json");
    else
        request_fail(request, rc, fault);
}

/* ---- work that may wait ---- */

struct work {
    struct job job; /* first: the worker gives it back */
    struct request *request;
    enum rc (*work)(struct request *request, struct fault *fault);
    void (*then)(struct request *request);
    enum rc rc;
    struct fault fault;
};

static void run_work(struct job *job)
{
    struct work *work = (struct work *)job;

    work->rc = job->closing ? fault_set(&work->fault, RC_BUSY, NULL, "the server is stopping")
                            : work->work(work->request, &work->fault);
    if (work->rc == RC_OK && !work->then) {
        request_reply(work->request, 200, "application/json");
        request_seal(work->request);
    }
    request_resume(work->request);
}

static void worked(struct request *request)
{
    struct work *work = request->handler_state;

    if (work->rc != RC_OK) {
        buf_clear(&request->out); /* what was written before the refusal */
        request_fail(request, work->rc, &work->fault);
    } else if (work->then) {
        work->then(request);
    } /* else it is answered and sealed */
}

/* The line a caller's work waits in. Two callers may share one, by a chance that nobody can bring about. */
uint64_t face_line(struct request *request)
{
    const struct caller *caller = face_caller(request);

    return XXH3_64bits_withSeed(caller->id, caller->id_size, face_of(request)->line_seed);
}

enum rc face_queue(struct request *request, struct job *job, struct fault *fault)
{
    enum rc rc = worker_do(face_of(request)->worker, job, face_line(request));

    if (rc == RC_TOO_MANY)
        return fault_set(fault, rc, NULL, "too many of your requests are waiting");
    return rc == RC_OK ? rc : fault_set(fault, rc, NULL, "too many requests of this kind; try again");
}

static void begin_work(struct request *request, enum rc (*work)(struct request *request, struct fault *fault),
                       void (*then)(struct request *request), bool is_long)
{
    struct work *job = arena_alloc(&request->arena, sizeof *job);

    if (!job) {
        request_fail(request, RC_BUSY, &(struct fault){NULL, "out of memory"});
        return;
    }
    *job = (struct work){{.run = run_work, .is_long = is_long}, request, work, then, RC_OK, {NULL, NULL}};
    request->handler_state = job;
    request_suspend(request, worked);
    struct fault fault = {NULL, NULL};
    enum rc rc = face_queue(request, &job->job, &fault);
    if (rc != RC_OK) { /* else it is the worker's by now */
        job->rc = rc;
        job->fault = fault;
        request_resume(request);
    }
}

void face_work(struct request *request, enum rc (*work)(struct request *request, struct fault *fault),
               void (*then)(struct request *request))
{
    begin_work(request, work, then, false);
}

void face_work_long(struct request *request, enum rc (*work)(struct request *request, struct fault *fault),
                    void (*then)(struct request *request))
{
    begin_work(request, work, then, true);
}

/* ---- writing ---- */

struct command *face_command(struct request *request, enum command_kind kind, enum event_face face,
                             struct text learner)
{
    struct command *command = arena_alloc(&request->arena, sizeof *command);
    const struct caller *caller = face_caller(request);

    if (!command)
        return NULL;
    command->kind = kind;
    command->face = face;
    command->learner = learner;
    command->arena = &request->arena;
    command->may_pass_lock = caller->roles & ROLE_SYSTEM;
    if (caller->id_size &&
        !(learner.size == caller->id_size && memcmp(learner.bytes, caller->id, learner.size) == 0))
        command->actor = (struct text){caller->id, caller->id_size};
    command->by_staff = !command->actor.bytes && !(caller->roles & ROLE_STUDENT);
    if (!caller->id_size)
        command->actor = (struct text){"server-key", 10};
    const char *if_match = request_header(request, "If-Match");
    if (if_match && !(command->if_match = arena_copy(&request->arena, if_match, strlen(if_match))))
        return NULL;
    return command;
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

/* On a server thread again: the command is done. */
static void resumed(struct request *request)
{
    struct command *command = request->command;
    struct face_context *context = face_of(request);

    if (command->outdated && command->again) {
        command->again(command);
        return;
    }
    if (command->rc == RC_OK && !command->answer_key) {
        struct view view = model_read_begin(context->model);
        command->encode(command, view);
        model_read_end(view);
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

static bool replay_answer(void *arg, const struct store_answer *answer)
{
    struct request *request = arg;

    request->status = answer->status;
    /* fits: it was ours */
    (void)snprintf(request->etag, sizeof request->etag, "%s", answer->etag ? answer->etag : "");
    buf_add(&request->out, answer->body, answer->body_size);
    return true;
}

static void hash16(uint8_t out[16], const char *const *parts, const size_t *sizes, int count)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    struct buf all = {0};

    for (int i = 0; i < count; i++) {
        buf_printf(&all, "%zu:", sizes[i]); /* lengths first, so that parts cannot run into each other */
        buf_add(&all, parts[i], sizes[i]);
    }
    /* gives digest back */
    (void)SHA256((const unsigned char *)(all.bytes ? all.bytes : ""), all.size, digest);
    memcpy(out, digest, 16);
    buf_done(&all);
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
    const char *path = request->target;
    uint8_t who[16];
    hash16(who, (const char *[]){caller->id}, (const size_t[]){caller->id_size}, 1);
    hash16(hashes, (const char *[]){caller->id, key}, (const size_t[]){caller->id_size, size}, 2);
    hash16(hashes + 16, (const char *[]){method, path, request->body.bytes},
           (const size_t[]){strlen(method), strlen(path), request->body.size}, 3);
    memcpy(&command->answer_caller, who, sizeof command->answer_caller);
    command->answer_key = hashes;
    command->fingerprint = hashes + 16;
    return RC_OK;
}

static void submit_again(struct request *request);

/* On a worker's thread. An answer that is gone told of somebody who was erased since: the key is free again.
 */
static enum rc fetch_answer(struct request *request, struct fault *fault)
{
    struct idempotency *answers = face_of(request)->answers;
    struct command *command = request->command;
    enum rc rc = idempotency_fetch(answers, command->answer_key, replay_answer, request, fault);

    request->replayed = rc == RC_OK;
    if (rc == RC_NOT_FOUND)
        idempotency_lost(answers, command->answer_key);
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static void fetched(struct request *request)
{
    if (request->replayed)
        request_reply(request, request->status, "application/json");
    else
        submit_again(request);
}

/* Whether the command's turn has come; else the request is answered, or will be. */
static bool idempotent_go_on(struct request *request, struct command *command)
{
    struct face_context *context = face_of(request);
    struct fault fault = {NULL, NULL};
    enum rc rc = command->answer_key ? RC_OK : take_key(request, command, &fault);
    enum idempotency_verdict verdict = IDEMPOTENCY_NEW;

    if (rc == RC_OK && command->answer_key)
        verdict = idempotency_begin(context->answers, command->answer_key, command->fingerprint,
                                    command->answer_caller, context->now_ms());
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

enum rc face_client_instant(struct request *request, const json_t *value, const char *field, int64_t *out_ms,
                            bool *out_past, struct fault *fault)
{
    int64_t now_ms = face_of(request)->now_ms();
    enum rc rc = json_in_instant(value, field, out_ms, fault);

    *out_past = rc == RC_OK && *out_ms <= now_ms;
    if (rc == RC_OK && *out_ms > now_ms + DAY_MS)
        return fault_set(fault, RC_INVALID, field, "lies more than 24 hours ahead");
    return rc;
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
    if (!idempotent_go_on(request, command))
        return;
    request->command = command;
    request_wait(request, resumed);
}

static void submit_again(struct request *request)
{
    go_on(request, request->command);
}

void face_submit(struct request *request, struct command *command,
                 void (*encode)(struct command *command, struct view view))
{
    command->encode = encode;
    command->done = done;
    command->waiter = request;
    command->answer.status = 200;
    command->answer.body = &request->out;
    date_reports(request, command);
    go_on(request, command);
}

void face_turn_over(void *context, struct request *first)
{
    struct command *commands = NULL, **end = &commands;
    struct fault fault = {NULL, NULL};

    for (struct request *request = first; request; request = request->next_waiting) {
        *end = request->command;
        end = &(*end)->next;
    }
    *end = NULL;
    struct command *refused = engine_submit(((struct face_context *)context)->engine, commands, &fault);
    for (struct command *next; refused; refused = next) {
        next = refused->next; /* after done it may be gone */
        refused->rc = RC_BUSY;
        refused->fault = fault;
        done(refused);
    }
}

/* ---- encoding ---- */

void json_put_id(struct json_out *out, const char *name, struct text id)
{
    int64_t number;

    json_name(out, name);
    if (ident_integer(id.bytes, id.size, &number))
        json_int(out, number);
    else
        json_text(out, id.bytes, id.size);
}

int64_t rounded_ratio(wide numerator, int64_t scale, int64_t denominator)
{
    if (denominator <= 0)
        return 0;
    return wide_shown((numerator * scale * 2 + denominator) / (2 * (wide)denominator));
}

const char *course_title(struct arena *arena, struct view view, uint32_t course, const char *id)
{
    const struct course_def *def = view_course(view, course);

    if (def && def->title.bytes && def->title.size)
        return def->title.bytes;
    const char *text = arena_printf(arena, "Course %s", id);
    return text ? text : id;
}

bool is_video(const struct item_def *def)
{
    return !def || def->type_rank == TYPE_UNKNOWN || !def->type.bytes ||
           strcasecmp(def->type.bytes, "video") == 0;
}

void json_put_members(struct json_out *out, const uint8_t *members, size_t size,
                      bool (*skip)(const char *name))
{
    const uint8_t *at = members, *end = members + size;
    struct member member;

    while (size && member_next(&at, end, &member)) {
        char name[128], *long_name = NULL;
        if (member.name_size < sizeof name) {
            memcpy(name, member.name, member.name_size);
            name[member.name_size] = '\0';
        } else {
            long_name = strndup(member.name, member.name_size);
        }
        const char *text = long_name ? long_name : name;
        if (!skip || !skip(text)) {
            json_name(out, text);
            json_raw(out, member.value, member.value_size);
        }
        free(long_name);
    }
}

static int newest_first(const void *a, const void *b)
{
    const struct record *left = *(const struct record *const *)a, *right = *(const struct record *const *)b;

    if (left->updated_at_ms != right->updated_at_ms)
        return left->updated_at_ms > right->updated_at_ms ? -1 : 1;
    return left->id > right->id ? -1 : left->id < right->id;
}

static const struct record **pick_records(struct arena *arena, const struct view *view,
                                          const struct learner *learner, uint32_t course, uint32_t *out_count)
{
    const struct record **records = arena_alloc(arena, (learner->record_count + 1) * sizeof *records);
    uint32_t count = 0;

    for (uint32_t i = 0; records && i < learner->record_count; i++)
        if (learner->records[i].flags & RECORD_PRESENT &&
            (!view || view_item_facts(*view, learner->records[i].item).course == course))
            records[count++] = &learner->records[i];
    if (count)
        qsort(records, count, sizeof *records, newest_first);
    *out_count = count;
    return records;
}

const struct record **records_of_course(struct arena *arena, struct view view, const struct learner *learner,
                                        uint32_t course, uint32_t *out_count)
{
    return pick_records(arena, &view, learner, course, out_count);
}

const struct record **records_of_learner(struct arena *arena, const struct learner *learner,
                                         uint32_t *out_count)
{
    return pick_records(arena, NULL, learner, 0, out_count);
}

void records_sort(const struct record **records, uint32_t count)
{
    if (count)
        qsort(records, count, sizeof *records, newest_first);
}

const char *status_name(const struct record *record)
{
    static const char *const names[] = {"NOT_STARTED", "IN_PROGRESS", "COMPLETED"};

    if (record->flags & RECORD_LOCKED && record->status != ITEM_COMPLETED)
        return "LOCKED"; /* locking leaves a completed item completed: rule 6 */
    return names[record->status];
}

static const char *const state_names[] = {"ENROLLED",  "IN_PROGRESS", "COMPLETED",
                                          "CERTIFIED", "DROPPED",     "EXPIRED"};

const char *state_name(enum enrolment_state state)
{
    return state_names[state];
}

bool state_by_name(const char *name, enum enrolment_state *out_state)
{
    for (int i = 0; i < 6; i++)
        if (strcasecmp(name, state_names[i]) == 0) {
            *out_state = (enum enrolment_state)i;
            return true;
        }
    return false;
}
