#include "face/own/own_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/system_figures.h"
#include "face/rates.h"
#include "face/show.h"
#include "hub/hub.h"

struct system_read {
    struct slow slow;
    struct event_counting counting;
};

static enum rc system_decode(struct slow *slow, const struct body *body, struct fault *fault)
{
    (void)body;
    (void)fault;
    slow->request->untagged = true;
    return RC_OK;
}

static void put_store(struct json_out *out, struct face_context *context, const struct engine_state *state,
                      uint64_t events)
{
    json_put_open(out, "store", '{');
    json_put_text(out, "kind", system_store_kind(context->service));
    json_put_int(out, "events", (int64_t)events);
    json_put_int(out, "sequence", (int64_t)state->sequence);
    json_put_int(out, "flushedSequence", (int64_t)state->checkpointed);
    json_put_int(out, "bytes", (int64_t)system_store_bytes(context->service));
    json_close(out, '}');
}

static void put_traffic(struct json_out *out, struct face_context *context, const struct engine_state *state,
                        const int64_t hundredths[RATE_COUNT])
{
    struct commit_times times = commit_times(context->service);

    json_put_open(out, "writes", '{');
    json_put_hundredths(out, "perSecond", hundredths[RATE_WRITES]);
    json_put_open(out, "commitMs", '{');
    json_put_scaled(out, "p50", (int64_t)times.p50_us, 3);
    json_put_scaled(out, "p99", (int64_t)times.p99_us, 3);
    json_close(out, '}');
    json_put_hundredths(out, "batchMean", rounded_ratio((wide)state->commands, 100, (int64_t)state->batches));
    json_put_int(out, "queued", state->queued);
    json_close(out, '}');
    json_put_open(out, "reads", '{');
    json_put_hundredths(out, "perSecond", hundredths[RATE_READS]);
    json_close(out, '}');
}

static void put_refusal(void *arg, const char *limit, uint64_t count)
{
    json_put_int(arg, limit, (int64_t)count);
}

/* Of this process, by the kernel's count. 0: it does not say. */
static int64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    char line[256] = "", *resident;

    if (!file)
        return 0;
    if (!fgets(line, sizeof line, file))
        *line = '\0';
    (void)fclose(file);                /* only read */
    (void)strtol(line, &resident, 10); /* the whole of it, in pages; then what is resident */
    return (int64_t)strtol(resident, NULL, 10) * sysconf(_SC_PAGESIZE);
}

static void put_memory(struct json_out *out, struct face_context *context)
{
    struct view view = service_read_begin(context->service);

    json_put_open(out, "memory", '{');
    json_put_int(out, "rssBytes", resident_bytes());
    json_put_int(out, "learners", (int64_t)view_ids(view, ENTITY_LEARNER));
    json_put_int(out, "courses", (int64_t)view_ids(view, ENTITY_COURSE));
    json_put_int(out, "items", (int64_t)view_ids(view, ENTITY_ITEM));
    json_close(out, '}');
    service_read_end(view);
}

static void put_push(struct json_out *out, const struct hub_state *hub, int64_t hundredths)
{
    json_put_open(out, "push", '{');
    json_put_int(out, "subscribers", hub->streams);
    json_put_hundredths(out, "messagesPerSecond", hundredths);
    json_close(out, '}');
}

/* An address without the name and the password that may be in it, and without its query. */
static void put_url(struct json_out *out, const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL;
    size_t scheme = host ? (size_t)(host + 3 - url) : 0, size = url ? strcspn(url, "?#") : 0;

    json_name(out, "url");
    if (!url || size < scheme) {
        json_null_value(out);
        return;
    }
    size_t authority = scheme + strcspn(url + scheme, "/?#");
    for (size_t i = scheme; i < authority; i++)
        if (url[i] == '@') { /* the last one ends it */
            host = url + i - 2;
        }
    size_t from = host ? (size_t)(host + 3 - url) : 0;
    char shown[512];
    (void)snprintf(shown, sizeof shown, "%.*s%.*s", (int)scheme, url, (int)(size - from), url + from);
    json_text(out, shown, strlen(shown));
}

void own_put_upstreams(struct json_out *out, struct face_context *context, bool with_urls)
{
    json_put_open(out, "upstreams", '[');
    for (int i = 0; i < UPSTREAM_COUNT; i++) {
        if (!context->upstreams[i])
            continue;
        struct fetcher_state state = fetcher_state(context->upstreams[i]);
        json_open(out, '{');
        json_put_text(out, "name", state.name);
        if (with_urls)
            put_url(out, context->upstream_urls[i]);
        json_put_text(out, "state", fetcher_rest_name(state.rest));
        json_put_int(out, "failures", state.failures);
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void put_node(struct json_out *out, const char *name, uint64_t sequence, uint64_t lag)
{
    json_open(out, '{');
    json_put_text(out, "id", name);
    json_put_int(out, "sequence", (int64_t)sequence);
    json_put_int(out, "lag", (int64_t)lag);
    json_close(out, '}');
}

/* A server of its own is one node: this one. */
static void put_nodes(struct json_out *out, struct face_context *context, const struct engine_state *state)
{
    struct system_node nodes[SYSTEM_NODES_MAX];
    size_t count = system_nodes(context->service, nodes);
    char name[256] = "";

    json_put_open(out, "nodes", '[');
    for (size_t i = 0; i < count; i++)
        put_node(out, nodes[i].name, nodes[i].sequence, nodes[i].lag);
    if (count == 0 && gethostname(name, sizeof name - 1) != 0)
        strcpy(name, "localhost"); /* fits */
    if (count == 0)
        put_node(out, name, state->sequence, 0);
    json_close(out, ']');
}

static enum rc system_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct system_read *read = (struct system_read *)slow;
    struct face_context *context = face_of(slow->request);
    struct json_out *out = &slow->out;
    bool counted = false;
    enum rc rc = event_counting_step(context->service, &read->counting, &counted, fault);

    if (rc != RC_OK || !counted)
        return rc;
    struct engine_state state = service_state(context->service);
    struct hub_state hub = hub_state(context->hub);
    const uint64_t counts[RATE_COUNT] = {[RATE_WRITES] = state.commands,
                                         [RATE_READS] = context->count_reads(context->counted),
                                         [RATE_MESSAGES] = hub.messages};
    int64_t hundredths[RATE_COUNT];
    rates_look(context->rates, counts, hundredths);
    json_open(out, '{');
    json_put_text(out, "version", MILEPOST_VERSION);
    json_put_instant(out, "startedAt", context->started_at_ms);
    put_store(out, context, &state, read->counting.events);
    put_traffic(out, context, &state, hundredths);
    json_put_open(out, "refused", '{');
    context->each_refusal(context->counted, put_refusal, out);
    json_close(out, '}');
    put_memory(out, context);
    put_push(out, &hub, hundredths[RATE_MESSAGES]);
    own_put_upstreams(out, context, true);
    put_nodes(out, context, &state);
    json_close(out, '}');
    *out_last = true;
    return RC_OK;
}

const struct slow_handler own_system = {sizeof(struct system_read), .decode = system_decode,
                                        .step = system_step};
