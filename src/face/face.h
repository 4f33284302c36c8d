#pragma once

#include "app/idempotency.h"
#include "app/limiter.h"
#include "app/service.h"
#include "base/caller.h"
#include "base/worker.h"
#include "base/zone.h"
#include "http/mhd_request.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/router.h"
#include "http/suspend.h"
#include "upstream/cms.h"
#include "upstream/user_service.h"

struct auth;
struct hub;
struct live_errand;
struct rates;
struct read_index;
struct read_waiter;
struct retentions;

/* What every face is given: the services behind it. A face decodes (body.h) and encodes (show.h); the rest is
 * done once for all, by the shape that the route's row says (read.h, slow.h, write.h). No rule and no SQL in
 * it. */

/* The other services there may be. */
enum upstream { UPSTREAM_USERS, UPSTREAM_CMS, UPSTREAM_JWKS, UPSTREAM_COUNT };

struct face_context {
    struct service *service;
    struct auth *auth;
    struct idempotency *answers;
    struct read_index *read_index; /* NULL: nobody else writes what this server reads */
    bool reads_local;              /* reads do not wait for the log's head */
    struct hub *hub;               /* who watches */
    const char *cors_origins;      /* other sites that may, comma separated */
    void (*write_metrics)(void *counted, struct buf *out); /* the counters that the program keeps */
    void *counted;
    uint64_t (*count_reads)(void *counted); /* requests that read, answered since the start */
    /* requests that met a limit, by what the answer said of it */
    void (*each_refusal)(void *counted, void (*visit)(void *arg, const char *limit, uint64_t count),
                         void *arg);
    struct rates *rates;
    int64_t started_at_ms;
    const char *upstream_urls[UPSTREAM_COUNT]; /* as they are configured: perhaps with a password in them */
    /* each alone with its breaker and its queue; NULL: not configured */
    struct fetcher *upstreams[UPSTREAM_COUNT];
    struct jwks *jwks;                        /* NULL: keys come from files */
    struct cms *cms;                          /* NULL: none configured */
    struct user_service *users;               /* NULL: any user id passes */
    const char *oidc_issuer, *oidc_client_id; /* whom the dashboard lets people sign in with; "": nobody */
    bool mock_data;
    bool demo; /* the demo page is served */
    struct retentions *retentions;
    struct limiter *limiter; /* NULL: no rate limit */
    struct worker *worker;   /* for what may wait for the disk, or takes long */
    uint64_t line_seed;      /* secret: which of its lines a caller has */
    struct zone *zone;       /* display_timezone */
    bool webhook_jwt_required, video_auth_required;
    int64_t (*now_ms)(void);
    const struct http_routes *routes;
};

/* What the head of a request told: who asks, and what the path names. bytes NULL: it names none. */
struct call {
    struct caller caller;
    struct text user, course, item;
    struct read_waiter *waiter; /* while it waits for the log's head; else NULL */
    struct live_errand *ticket; /* a ticket that the log was asked for; else NULL */
};

/* What the program gave the faces; borrowed, as long as the server runs. */
static inline struct face_context *face_of(struct request *request)
{
    return request->server;
}

/* Who sends the request, as its token says. Once the request was judged. */
static inline const struct caller *face_caller(struct request *request)
{
    return &request->call->caller;
}

/* What the head of the request told; for what only decode finds out, it may be changed until access is asked.
 */
static inline struct call *face_call(struct request *request)
{
    return request->call;
}

/* A path parameter that request_id_param has checked. */
static inline struct text face_param(const struct request *request, int index)
{
    return (struct text){request->params[index].bytes, request->params[index].size};
}
