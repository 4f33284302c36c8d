#include "world.h"

#include <semaphore.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <microhttpd.h>

#include "app/engine.h"
#include "app/retention.h"
#include "app/verify.h"
#include "auth/keys.h"
#include "auth/token.h"
#include "face/dispatch.h"
#include "face/live/live_source.h"
#include "face/rates.h"
#include "face/write.h"
#include "http/answer_stream.h"
#include "http/bodies.h"
#include "http/carried.h"
#include "http/deadlines.h"
#include "http/framing.h"
#include "http/hand_over.h"
#include "http/request_body.h"
#include "http/seal.h"

enum { LIFE_CALLS = 3000, HEADERS_MAX = 32, NOW_S = 1800000000 };

static const char secret[] = "0123456789abcdef0123456789abcdef-fuzz";

static struct {
    char directory[64], data[96];
    unsigned calls, lives, tokens;
    struct store *store;
    struct engine *engine;
    struct face_context context;
    struct live_sink live;
    struct bodies *bodies;
    int64_t clock_ms;
    bool runs;
} here = {.clock_ms = NOW_S * INT64_C(1000)};

void (*world_handles)(bool begins);

static int64_t now_ms(void)
{
    return __atomic_add_fetch(&here.clock_ms, 1, __ATOMIC_RELAXED);
}

/* ---- the directory ---- */

static void remove_directory(void)
{
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf %s", here.directory);
    MUST(system(command) == 0, "%s", command);
}

const char *world_directory(void)
{
    if (!*here.directory) {
        strcpy(here.directory, "/dev/shm/milepost-fuzz-XXXXXX");
        MUST(mkdtemp(here.directory), "no directory");
        (void)atexit(remove_directory);
    }
    return here.directory;
}

/* ---- the server ---- */

static void no_metrics(void *metrics, struct buf *out)
{
    (void)metrics;
    buf_text(out, "");
}

static uint64_t no_reads(void *metrics)
{
    (void)metrics;
    return 0;
}

static void no_refusals(void *metrics, void (*visit)(void *arg, const char *limit, uint64_t count), void *arg)
{
    (void)metrics;
    visit(arg, "none", 0);
}

static void open_store(void)
{
    struct fault fault = {NULL, NULL};
    struct policy policy = {.now_ms = now_ms};

    (void)snprintf(here.data, sizeof here.data, "%s/%u", world_directory(), here.lives++);
    MUST(mkdir(here.data, 0700) == 0, "%s", here.data);
    MUST(store_open(&(struct store_place){.directory = here.data}, &here.store, &fault) == RC_OK, "%s",
         fault_why(&fault));
    MUST(engine_new(here.store, &policy, NULL, &here.engine, &fault) == RC_OK, "%s", fault_why(&fault));
}

static void start(void)
{
    struct face_context *context = &here.context;
    const struct auth_settings auth = {
        .rules = {.issuer = "", .audience = "", .role_claim = "", .system_clients = ""}};
    struct fault fault = {NULL, NULL};
    bool whole = true;

    *context = (struct face_context){.write_metrics = no_metrics,
                                     .count_reads = no_reads,
                                     .each_refusal = no_refusals,
                                     .cors_origins = "https://one.example",
                                     .upstream_urls = {"", "", ""},
                                     .oidc_issuer = "",
                                     .oidc_client_id = "",
                                     .video_auth_required = true,
                                     .now_ms = now_ms,
                                     .started_at_ms = now_ms(),
                                     .routes = &face_routes};
    open_store();
    whole &= service_new(here.engine, &context->service, &fault) == RC_OK;
    whole &= auth_new(&auth, &context->auth, &fault) == RC_OK;
    whole &= keys_set_secret(auth_keys(context->auth), secret, strlen(secret), &fault) == RC_OK;
    whole &= keys_set_server_key(auth_keys(context->auth), "the-server-key", 14, &fault) == RC_OK;
    whole &= idempotency_new(here.store, now_ms(), &context->answers, &fault) == RC_OK;
    whole &= worker_new(2, &context->worker) == RC_OK;
    whole &= bodies_new(&here.bodies) == RC_OK;
    context->zone = zone_new("Asia/Kolkata");
    context->retentions = retentions_new();
    context->rates = rates_new();
    MUST(whole && context->zone && context->retentions && context->rates, "%s", fault_why(&fault));
    engine_set_answers(here.engine, context->answers);
    const struct hub_settings hub = {
        .source = live_source(context), .worker = context->worker, .streams_max = 100, .whole_ms = 1000};
    MUST(hub_new(&hub, &context->hub, &fault) == RC_OK, "%s", fault_why(&fault));
    here.live = hub_sink(context->hub);
    engine_set_live(here.engine, &here.live);
    MUST(engine_start(here.engine, &fault) == RC_OK, "%s", fault_why(&fault));
    here.runs = true;
}

static void say_difference(void *arg, const char *text)
{
    (void)arg;
    (void)dprintf(2, "verify: %s\n", text);
}

/* What is left on the disk is the fold of its events. */
static void verify(void)
{
    const struct verify_watch watch = {.difference = say_difference};
    struct verify_result result = {0};
    struct fault fault = {NULL, NULL};

    MUST(verify_store(here.store, &watch, &result, &fault) == RC_OK, "%s", fault_why(&fault));
    MUST(result.differences == 0, "%llu differences", (unsigned long long)result.differences);
}

static void stop(void)
{
    struct face_context *context = &here.context;

    here.runs = false;
    hub_stop(context->hub);
    worker_close(context->worker);
    worker_free(context->worker);
    hub_settle(context->hub);
    engine_free(here.engine);
    service_free(context->service);
    hub_free(context->hub);
    idempotency_free(context->answers);
    verify();
    store_close(here.store);
    store_remove(here.data);
    auth_free(context->auth);
    zone_free(context->zone);
    retentions_free(context->retentions);
    rates_free(context->rates);
    bodies_free(here.bodies);
}

void world_end(void)
{
    if (here.runs)
        stop();
}

const char *world_data(void)
{
    return here.data;
}

void world_hush(void)
{
    static FILE *nowhere;

    if (nowhere || getenv("FUZZ_SHOW"))
        return;
    nowhere = fopen("/dev/null", "w");
    MUST(nowhere && setvbuf(nowhere, NULL, _IONBF, 0) == 0, "/dev/null");
    stdout = stderr = nowhere; /* who finds something writes to the descriptor */
}

struct face_context *world(void)
{
    if (here.lives == 0 && here.calls == 0) {
        (void)signal(SIGPIPE, SIG_IGN);
        (void)world_directory(); /* which is removed after the server is stopped */
        (void)atexit(world_end);
    }
    if (here.runs && here.calls % LIFE_CALLS == 0)
        stop();
    if (!here.runs)
        start();
    here.calls++;
    return &here.context;
}

/* ---- a request ---- */

struct pair {
    const char *name, *value;
};

/* What the library would know of a connection. */
struct http_connection {
    struct carrier carrier; /* first */
    sem_t resumed;
    struct pair headers[HEADERS_MAX];
    int count;
};

/* These two stand in place of the library's: its connection is ours. */
_MHD_EXTERN const char *MHD_lookup_connection_value(struct MHD_Connection *connection,
                                                    enum MHD_ValueKind kind, const char *name)
{
    const struct http_connection *ours = (const struct http_connection *)connection;

    (void)kind;
    for (int i = 0; i < ours->count; i++)
        if (strcasecmp(ours->headers[i].name, name) == 0)
            return ours->headers[i].value;
    return NULL;
}

_MHD_EXTERN int MHD_get_connection_values(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                                          MHD_KeyValueIterator iterator, void *arg)
{
    const struct http_connection *ours = (const struct http_connection *)connection;

    for (int i = 0; i < ours->count; i++)
        if (iterator(arg, kind, ours->headers[i].name, ours->headers[i].value) != MHD_YES)
            break;
    return ours->count;
}

static void wait_for(struct request *request)
{
    request->next_waiting = NULL;
    face_turn_over(request->server, request);
}

static void resume(struct request *request)
{
    MUST(sem_post(&request->connection->resumed) == 0, "semaphore");
}

char *world_text(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);

    MUST(text, "out of memory");
    if (size)
        memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

/* "ROLE ID" becomes a token of that person. */
static char *token_of(const char *who)
{
    const char *gap = strchr(who, ' ');
    char role[32];
    struct token_request request = {.secret = secret,
                                    .secret_size = strlen(secret),
                                    .sub = gap ? gap + 1 : "somebody",
                                    .role = role,
                                    .now_s = here.clock_ms / 1000,
                                    .ttl_s = 3600 + ++here.tokens % 1000}; /* another one each time */

    (void)snprintf(role, sizeof role, "%.*s", gap ? (int)(gap - who) : 31, who); /* a long one is cut */
    char *token = auth_issue(&request); /* NULL: the id is no UTF-8 */
    size_t room = (token ? strlen(token) : 0) + 8;
    char *header = malloc(room);
    MUST(header, "out of memory");
    (void)snprintf(header, room, "Bearer %s", token ? token : ""); /* fits */
    free(token);
    return header;
}

/* A line of the head, ended in place; NULL: there is none, or it is empty. */
static char *take_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');

    if (!end)
        return NULL;
    *end = '\0';
    *at = end + 1;
    if (end > line && end[-1] == '\r')
        end[-1] = '\0';
    return *line ? line : NULL;
}

static enum http_method method_of(const char *word)
{
    static const enum http_method methods[] = {HTTP_GET, HTTP_HEAD,   HTTP_POST,
                                               HTTP_PUT, HTTP_DELETE, HTTP_OPTIONS};

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(word, http_method_name(methods[i])) == 0)
            return methods[i];
    return HTTP_OTHER;
}

static void read_head(char **at, struct request *request, char **out_token)
{
    struct http_connection *connection = request->connection;
    char *line = take_line(at);
    char *gap = line ? strchr(line, ' ') : NULL;

    request->method = HTTP_OTHER;
    request->target = gap ? arena_copy(&request->arena, gap + 1, strcspn(gap + 1, " ")) : "/";
    if (gap) {
        *gap = '\0';
        request->method = method_of(line);
    }
    while (line && (line = take_line(at))) {
        char *value = strchr(line, ':');
        if (!value || connection->count == HEADERS_MAX)
            continue;
        *value++ = '\0';
        value += strspn(value, " ");
        if (strcmp(line, "As") == 0 && !*out_token) {
            *out_token = token_of(value);
            connection->headers[connection->count++] = (struct pair){"Authorization", *out_token};
        } else {
            connection->headers[connection->count++] = (struct pair){line, value};
        }
    }
}

static void await(struct request *request)
{
    while (sem_wait(&request->connection->resumed) != 0)
        ; /* interrupted */
}

/* Whoever has it gives it back, and it goes on here. */
static void run(struct request *request)
{
    while (request->suspended) {
        await(request);
        request->suspended = false;
        request->resumed(request);
    }
}

/* What an answer may have here. */
static char answer_bytes[4 << 20];

/* Takes no memory of its own: allocations may be failing. */
static void take_piece(const struct buf *piece, size_t *size)
{
    size_t room = sizeof answer_bytes - 1 - *size;
    size_t take = piece->size < room ? piece->size : room;

    if (take)
        memcpy(answer_bytes + *size, piece->bytes, take);
    *size += take;
}

static size_t take_answer(struct request *request)
{
    size_t size = 0;

    if (request->out.failed) { /* as answer.c does */
        buf_done(&request->out);
        request_fail(request, RC_BUSY, &(struct fault){NULL, "out of memory"});
    }
    take_piece(&request->out, &size);
    while (request->streamed && !request->stream->last && !request->stream->failed) {
        buf_clear(&request->out);
        request->stream->taken = 0;
        request->stream->more(request);
        await(request);
        take_piece(&request->out, &size);
    }
    answer_bytes[size] = '\0';
    return size;
}

/* What holds of any answer. */
static void check(struct request *request, size_t size, uint64_t before)
{
    bool whole = !(request->streamed && request->stream->failed) && size < sizeof answer_bytes - 1;
    bool json = request->content_type && strstr(request->content_type, "json") && size && !request->packed;
    json_error_t error;

    MUST(request->status >= 101 && request->status != 500, "%d on %s: %s", request->status, request->target,
         answer_bytes);
    if (json && whole && !strstr(request->content_type, "ndjson")) {
        json_t *root = json_loads(answer_bytes, JSON_DECODE_ANY, &error);
        MUST(root, "%s: %s", error.text, answer_bytes);
        json_decref(root);
    }
    if (request->status >= 400 && request->status < 500)
        MUST(service_published(here.context.service) == before, "a %d stored something: %s", request->status,
             request->target);
}

static void judge_and_handle(struct request *request, const char *body, size_t size)
{
    struct fault fault = {NULL, ""};
    enum rc rc = http_check_framing(request, &fault);

    request->content_length = size;
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    dispatch_judge(request);
    run(request);
    if (request->answered)
        return;
    request_take_body(request, body, size);
    if (request->body_too_large || request->body_refused) { /* as connection.c does */
        request_fail(request, request->body_refused ? RC_BUSY : RC_TOO_LARGE, &fault);
        return;
    }
    dispatch_handle(request);
    run(request);
    MUST(request->answered, "%s is not answered", request->target);
}

void world_send(const char *bytes, size_t size, struct world_answer *out)
{
    struct face_context *context = world();
    struct http_connection connection = {.carrier = {wait_for, resume}};
    struct request *request = carried_new(&connection.carrier);
    struct deadline deadline = {.fd = -1};
    char *text = world_text((const uint8_t *)bytes, size), *at = text, *token = NULL;
    uint64_t before = service_published(context->service);

    MUST(request && sem_init(&connection.resumed, 0, 0) == 0, "out of memory");
    request->connection = &connection;
    request->server = context;
    request->http_version = "HTTP/1.1";
    request->deadline = &deadline;
    request->bodies = here.bodies;
    strcpy(request->request_id, "fuzz");
    read_head(&at, request, &token);
    if (world_handles)
        world_handles(true);
    judge_and_handle(request, at, (size_t)(text + size - at));
    size_t answered = take_answer(request);
    if (world_handles)
        world_handles(false);
    check(request, answered, before);
    if (!request->streamed)
        request_seal(request);
    if (request->stream)
        request->stream->end(request);
    hand_over_end(request);
    if (request->charged)
        bodies_give(request->bodies, request->payer, request->charged);
    *out =
        (struct world_answer){request->status, world_text((const uint8_t *)answer_bytes, answered), answered};
    carried_free(request);
    (void)sem_destroy(&connection.resumed);
    free(token);
    free(text);
}

/* ---- a stream ---- */

int world_watch(void)
{
    struct face_context *context = world();
    const struct caller caller = {.id = "root", .id_size = 4, .roles = ROLE_ADMIN, .expires_ms = INT64_MAX};
    const struct hub_wish wish = {.form = HUB_WEBSOCKET, .caller = &caller};
    struct subscriber *stream = NULL;
    struct fault fault;
    int ends[2];

    if (hub_subscribe(context->hub, &wish, &stream, &fault) != RC_OK)
        return -1;
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "no sockets");
    hub_give(stream, ends[1], NULL, 0);
    return ends[0];
}
