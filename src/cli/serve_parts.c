#include "cli/serve_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/serve_answers.h"
#include "cli/serve_keys.h"
#include "core/limits.h"
#include "face/dispatch.h"
#include "face/jwks.h"
#include "face/live/live_source.h"
#include "face/write.h"
#include "http/listener.h"

enum { ADDRESS_BYTES = 64 };

/* The document's own default, for user_check = required without a URL. Contract 5. */
static const char default_user_service[] = "http://127.0.0.1:5001/api/users";

int serve_start_upstreams(struct server *server)
{
    const struct settings *settings = &server->settings;
    struct face_context *context = &server->context;
    struct fault fault = {NULL, NULL};
    const struct {
        const char *name;
        bool used;
    } upstreams[UPSTREAM_COUNT] = {
        [UPSTREAM_USERS] = {"users",
                            *settings->user_svc_base_url || settings->user_check == USER_CHECK_REQUIRED},
        [UPSTREAM_CMS] = {"cms", *settings->cms_base_url != '\0'},
        [UPSTREAM_JWKS] = {"jwks", *settings->jwks_url != '\0'},
    };
    enum rc rc = RC_OK;

    context->upstream_urls[UPSTREAM_USERS] =
        *settings->user_svc_base_url ? settings->user_svc_base_url : default_user_service;
    context->upstream_urls[UPSTREAM_CMS] = settings->cms_base_url;
    context->upstream_urls[UPSTREAM_JWKS] = settings->jwks_url;
    context->mock_data = settings->mock_data;
    context->demo = settings->demo;
    for (int i = 0; i < UPSTREAM_COUNT && rc == RC_OK; i++)
        if (upstreams[i].used)
            rc =
                fetcher_new(upstreams[i].name, settings->upstream_timeout_ms, &context->upstreams[i], &fault);
    if (rc == RC_OK && upstreams[UPSTREAM_USERS].used)
        rc = user_service_new(*settings->user_svc_base_url ? settings->user_svc_base_url
                                                           : default_user_service,
                              context->upstreams[UPSTREAM_USERS], &context->users, &fault);
    if (rc == RC_OK && upstreams[UPSTREAM_CMS].used)
        rc = cms_new(settings->cms_base_url, context->upstreams[UPSTREAM_CMS], settings->cache_ttl * 1000,
                     &context->cms, &fault);
    if (rc == RC_OK && upstreams[UPSTREAM_JWKS].used)
        rc = jwks_new(settings->jwks_url, context->upstreams[UPSTREAM_JWKS], serve_take_jwks,
                      auth_keys(context->auth), &context->jwks, &fault);
    return rc == RC_OK ? 0 : serve_complain(fault.field, fault_why(&fault));
}

struct http_settings serve_listener(struct server *server)
{
    const struct settings *settings = &server->settings;

    return (struct http_settings){
        .listen = settings->listen,
        .ports = settings->ports.at,
        .port_count = settings->ports.count,
        .threads = (unsigned)settings->threads,
        .cors_origins = settings->cors_origins,
        .tls = server->tls,
        .judge = dispatch_judge,
        .handle = dispatch_handle,
        .turn_over = face_turn_over,
        .observe = serve_observe,
        .context = &server->context,
    };
}

/* The address of metrics_listen; its kind has checked the port. */
static uint16_t metrics_address(const char *text, char *out, size_t size)
{
    const char *colon = strrchr(text, ':');
    bool has_brackets = colon && text[0] == '[' && colon[-1] == ']';

    /* a cut one does not parse */
    (void)snprintf(out, size, "%.*s", colon ? (int)(colon - text) - 2 * has_brackets : 9,
                   colon ? text + has_brackets : "127.0.0.1");
    return (uint16_t)strtol(colon ? colon + 1 : text, NULL, 10);
}

int serve_check_addresses(const struct settings *settings)
{
    static const char wrong[] = "must be an IPv4 or IPv6 address, or localhost";
    char address[ADDRESS_BYTES];
    int status = listener_takes(settings->listen) ? 0 : serve_complain("listen", wrong);

    (void)metrics_address(settings->metrics_listen, address, sizeof address); /* the port is right */
    if (*settings->metrics_listen && !listener_takes(address))
        status = serve_complain("metrics_listen", wrong);
    return status;
}

enum rc serve_start_metrics(struct server *server, void (*judge)(struct request *request),
                            void (*observe)(struct face_context *context, struct request *request,
                                            uint64_t microseconds),
                            struct fault *fault)
{
    const char *text = server->settings.metrics_listen;
    struct http_settings http = serve_listener(server);
    char address[ADDRESS_BYTES]; /* read at the start alone */
    uint16_t port = metrics_address(text, address, sizeof address);

    if (!*text)
        return RC_OK;
    http.listen = address;
    http.ports = &port;
    http.port_count = 1;
    http.threads = 1;
    http.tls = NULL; /* it faces a network of one's own */
    http.cors_origins = "";
    http.judge = judge;
    http.observe = observe;
    enum rc rc = http_server_start(&http, &server->metrics_http, fault);
    if (rc != RC_OK)
        fault->field = "metrics_listen";
    return rc;
}

enum rc serve_start_hub(struct server *server, struct fault *fault)
{
    struct face_context *context = &server->context;
    struct rlimit files = {.rlim_cur = 2 * LIMIT_STREAMS};
    struct hub_settings hub = {
        .source = live_source(context),
        .worker = context->worker,
        .line_seed = context->line_seed,
        .per_user = (unsigned)server->settings.realtime_per_user,
        .streams_max = LIMIT_STREAMS,
    };

    (void)getrlimit(RLIMIT_NOFILE, &files); /* cannot fail */
    if (files.rlim_cur / 4 * 3 < hub.streams_max)
        hub.streams_max = (unsigned)(files.rlim_cur / 4 * 3);
    enum rc rc = hub_new(&hub, &context->hub, fault);
    if (rc != RC_OK)
        return rc;
    server->live = hub_sink(context->hub);
    engine_set_live(server->engine, &server->live);
    return RC_OK;
}
