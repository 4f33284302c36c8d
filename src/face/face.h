#pragma once

#include <jansson.h>

#include "app/access.h"
#include "app/idempotency.h"
#include "app/command.h"
#include "app/engine.h"
#include "app/limiter.h"
#include "base/caller.h"
#include "base/worker.h"
#include "base/zone.h"
#include "http/json_in.h"
#include "http/json_out.h"
#include "http/request.h"
#include "face/jwks.h"
#include "http/router.h"
#include "upstream/cms.h"
#include "upstream/user_service.h"

struct auth;
struct retentions;

/* What all faces share: decode with the help of these, call one use case, encode. No rule and no SQL here. */

/* The other services there may be. */
enum upstream { UPSTREAM_USERS, UPSTREAM_CMS, UPSTREAM_JWKS, UPSTREAM_COUNT };

struct face_context {
    struct engine *engine;
    struct model *model;
    struct auth *auth; /* what verify is given */
    enum rc (*verify)(struct auth *auth, const char *token, size_t size, int64_t now_ms,
                      struct caller *out_caller, struct fault *fault);
    struct idempotency *answers;
    void (*write_metrics)(void *metrics, struct buf *out); /* the counters that the program keeps */
    void *metrics;
    /* each alone with its breaker and its queue; NULL: not configured */
    struct fetcher *upstreams[UPSTREAM_COUNT];
    struct jwks *jwks;          /* NULL: keys come from files */
    struct cms *cms;            /* NULL: none configured */
    struct user_service *users; /* NULL: any user id passes */
    bool mock_data;
    struct retentions *retentions;
    struct limiter *limiter; /* NULL: no rate limit */
    struct worker *worker;   /* for what may wait for the disk, or takes long */
    uint64_t line_seed;      /* secret: which of its lines a caller has */
    struct zone *zone;       /* display_timezone */
    /* for webhooks and /metrics */
    bool (*server_key_fits)(struct auth *auth, const char *given, size_t size);
    bool webhook_jwt_required, video_auth_required;
    int64_t (*now_ms)(void);
    const struct http_routes *routes;
};

static inline struct face_context *face_of(struct request *request)
{
    return request->server;
}

static inline const struct caller *face_caller(struct request *request)
{
    return request->caller;
}

/* What the head of a request tells: route, method, token, rate, role, path, media type, length, in this
 * order. Answers (refuses it), suspends it for a JWK set, or lets it through with request->body_max and payer
 * set. */
void dispatch_judge(struct request *request);

/* The route's handler. */
void dispatch_handle(struct request *request);

/* The writes of one turn of an event loop go to the engine together: they wake it once and are committed
 * together. */
void face_turn_over(void *context, struct request *first);

/* The same on the listener of metrics_listen: figures and health without a key, nothing else. */
void face_judge_metrics(struct request *request);

/* All routes of all faces. */
extern const struct http_routes face_routes;

/* ---- decoding ---- */

/* A parsed body; freed with the request by face_body_done. */
struct body {
    json_t *root;
    enum spelling spelling;
};

/* What a route's body may be beside plain JSON: text/plain that holds JSON (sendBeacon), gzip, nothing. */
enum body_form { BODY_BEACON = 1, BODY_GZIP = 2, BODY_OPTIONAL = 4 };

/* Whether a body of that kind and size may follow. RC_MEDIA_TYPE, then RC_TOO_LARGE. Source: contract 1,
 * Errors. */
MUST_CHECK enum rc face_judge_body(struct request *request, struct fault *fault);

/* Whether it comes compressed: how large it is nobody knows yet. */
bool face_body_is_packed(struct request *request);

/* Parses the body (JSON object required); a gzip body is inflated in place. */
MUST_CHECK enum rc face_body(struct request *request, enum spelling spelling, struct body *out_body,
                             struct fault *fault);
static inline json_t *body_get(const struct body *body, const char *name)
{
    return json_in_member(body->root, name, body->spelling);
}
static inline void body_done(struct body *body)
{
    json_decref(body->root);
}
#define BODY __attribute__((cleanup(body_done))) struct body

/* An id member into a struct text. absent: RC_OK with bytes NULL when it is optional. */
MUST_CHECK enum rc face_id(struct request *request, const struct body *body, const char *name, bool required,
                           struct text *out, struct fault *fault);

/* A path parameter that request_id_param has checked. */
static inline struct text face_param(const struct request *request, int index)
{
    return (struct text){request->params[index].bytes, request->params[index].size};
}

/* A query parameter that is an id, checked and normalized like one in a path. Absent: RC_OK with bytes NULL.
 */
MUST_CHECK enum rc face_query_id(struct request *request, const char *name, struct text *out,
                                 struct fault *fault);

/* page / limit style query numbers. Absent: out keeps its value. RC_INVALID names the parameter. */
MUST_CHECK enum rc face_query_number(struct request *request, const char *name, int64_t low, int64_t high,
                                     int64_t *inout, struct fault *fault);

/* Asks the one authorization point. course: key or 0; has_course: a course is meant. */
MUST_CHECK enum rc face_may(struct request *request, struct view view, enum access_rule rule,
                            struct text user, uint32_t course, bool has_course, struct fault *fault);

/* The same for a command's user before anything is looked up, with a view of its own. */
MUST_CHECK enum rc face_may_user(struct request *request, struct text user, struct fault *fault);

/* The end of a read: the view given back, then 200 with what is in out, or the fault. */
void face_end_read(struct request *request, struct view view, enum rc rc, const struct fault *fault);

/* Who pays for what a request costs: its caller, as a number. */
uint64_t face_line(struct request *request);

/* A read that may wait for the disk: work runs on a worker's thread and fills request->out; then answers on a
 * server thread (NULL: 200 with what is in out). A refusal of work is the answer. */
void face_work(struct request *request, enum rc (*work)(struct request *request, struct fault *fault),
               void (*then)(struct request *request));

/* The same for what reads the events of a person's life, or of the whole catalogue, in one go: it leaves half
 * of the workers to others. */
void face_work_long(struct request *request, enum rc (*work)(struct request *request, struct fault *fault),
                    void (*then)(struct request *request));

/* Puts a job that answers the request, which is suspended, into its caller's line. Errors: RC_TOO_MANY,
 * RC_BUSY: it is not queued. */
MUST_CHECK enum rc face_queue(struct request *request, struct job *job, struct fault *fault);

/* What makes a long answer. step does some milliseconds of work, appends to out what is ready of it (64 KiB
 * or so; nothing is fine) and says whether that was all. It runs on a worker's thread, one step at a time,
 * and holds no lock when it returns; what it needs lies in state, in the request's arena or of its own. A
 * refusal before 256 KiB were written is the answer; a later one breaks it off. */
struct face_source {
    enum rc (*step)(void *state, struct buf *out, bool *out_last, struct fault *fault);
    void (*free)(void *state); /* once, when the request ends, however; NULL: nothing to free */
    void *state;
    const char *content_type;
    bool small; /* the first step takes a fraction of a millisecond: tried on the server's thread */
};

/* Answers with 200 and what the source makes: whole, with ETag, up to 256 KiB; else streamed. The source is
 * copied. */
void face_stream(struct request *request, const struct face_source *source);

/* ---- writing ---- */

/* A client's instant. *out_past: it orders and dates what the client says; else its clock runs ahead, and
 * what it says counts as of the server's instant. RC_INVALID: no instant, or more than 24 h ahead. Source:
 * contract 1, rule 4. */
MUST_CHECK enum rc face_client_instant(struct request *request, const json_t *value, const char *field,
                                       int64_t *out_ms, bool *out_past, struct fault *fault);

/* A command in the request's arena, with actor, If-Match and rights of the caller filled in; NULL: out of
 * memory. */
struct command *face_command(struct request *request, enum command_kind kind, enum event_face face,
                             struct text learner);

/* Room for count reports in a command; false: out of memory. */
bool face_reports(struct request *request, struct command *command, uint32_t count);

/* Hands the command to the engine and answers the request when it is done: encode writes the body of a
 * success. Takes Idempotency-Key into account. */
void face_submit(struct request *request, struct command *command,
                 void (*encode)(struct command *command, struct view view));

/* ---- encoding ---- */

/* An id as courseroom shows it: an integer when it is one, else a string. */
void json_put_id(struct json_out *out, const char *name, struct text id);

/* A number as trk and courseroom show aggregates: hundredths with at most two decimals. */
static inline void json_put_hundredths(struct json_out *out, const char *name, int64_t hundredths)
{
    json_put_scaled(out, name, hundredths, 2);
}

/* (numerator * scale / denominator), half up; denominator 0: 0; shown as 2^53 when it is more. */
int64_t rounded_ratio(wide numerator, int64_t scale, int64_t denominator);

/* The catalogue's title or its placeholder ("Course 7"), in the request's arena. */
const char *course_title(struct arena *arena, struct view view, uint32_t course, const char *id);

/* Whether the pts and video views show the item: type video or unknown. */
bool is_video(const struct item_def *def);

/* core/members.h bytes as the members of the open object, leaving out those that skip names (may be NULL). */
void json_put_members(struct json_out *out, const uint8_t *members, size_t size,
                      bool (*skip)(const char *name));

/* A learner's present records of a course, newest update first; *out_count. In the arena; NULL: out of
 * memory. */
const struct record **records_of_course(struct arena *arena, struct view view, const struct learner *learner,
                                        uint32_t course, uint32_t *out_count);

/* All present records, newest update first. */
const struct record **records_of_learner(struct arena *arena, const struct learner *learner,
                                         uint32_t *out_count);

/* Newest update first. */
void records_sort(const struct record **records, uint32_t count);

static inline struct text slot_id(const char *id, uint32_t size)
{
    return (struct text){id, size};
}

const char *status_name(const struct record *record); /* courseroom's four words */
const char *state_name(enum enrolment_state state);   /* ENROLLED ... */
bool state_by_name(const char *name, enum enrolment_state *out_state);

/* The key of a course that is known, else RC_NOT_FOUND "Course not found". */
MUST_CHECK enum rc face_course(struct view view, struct text id, uint32_t *out_key, struct fault *fault);
