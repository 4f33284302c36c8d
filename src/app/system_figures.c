#include "app/system_figures.h"

#include <stdlib.h>
#include <string.h>

#include "app/engine_private.h"
#include "app/service.h"
#include "store/log.h"

enum { A_STEP = 65536 }; /* sequences counted in one */

static int by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

struct commit_times commit_times(struct service *service)
{
    struct engine *engine = service_engine(service);
    uint32_t us[COMMITS_KEPT], count;

    (void)pthread_mutex_lock(&engine->lock);
    count = engine->commit_count < COMMITS_KEPT ? (uint32_t)engine->commit_count : COMMITS_KEPT;
    memcpy(us, engine->commit_us, count * sizeof *us);
    (void)pthread_mutex_unlock(&engine->lock);
    if (count == 0)
        return (struct commit_times){0, 0};
    qsort(us, count, sizeof *us, by_size);
    return (struct commit_times){us[(count - 1) / 2], us[(count - 1) * 99 / 100]};
}

const char *system_store_kind(struct service *service)
{
    return log_is_shared(service_engine(service)->log) ? "postgres" : "sqlite";
}

size_t system_nodes(struct service *service, struct system_node *out)
{
    struct engine *engine = service_engine(service);
    struct log_node nodes[SYSTEM_NODES_MAX];
    size_t count = log_nodes(engine->log, nodes, SYSTEM_NODES_MAX);
    uint64_t sequence = engine_state(engine).sequence;

    for (size_t i = 0; i < count; i++) {
        uint64_t head = nodes[i].sequence + nodes[i].lag, at = nodes[i].self ? sequence : nodes[i].sequence;
        memcpy(out[i].name, nodes[i].name, sizeof out[i].name); /* as long */
        out[i].sequence = at;
        out[i].lag = head > at ? head - at : 0;
    }
    return count;
}

_Static_assert((int)SYSTEM_NODES_MAX == (int)LOG_NODES_MAX, "as many as a log knows");

uint64_t system_store_bytes(struct service *service)
{
    return store_file_bytes(service_engine(service)->store);
}

/* From where the last one ended, unless events went since. */
static void begin(struct engine *engine, struct event_counting *counting)
{
    (void)pthread_mutex_lock(&engine->lock);
    counting->upto = engine->state.sequence;
    counting->erasures = engine->erasures;
    if (engine->counted.begun && engine->counted.erasures == counting->erasures) {
        counting->after = engine->counted.upto;
        counting->events = engine->counted.events;
    }
    (void)pthread_mutex_unlock(&engine->lock);
    counting->begun = true;
}

enum rc event_counting_step(struct service *service, struct event_counting *counting, bool *out_done,
                            struct fault *fault)
{
    struct engine *engine = service_engine(service);
    uint64_t count = 0;
    enum rc rc = RC_OK;

    if (!counting->begun)
        begin(engine, counting);
    uint64_t upto = counting->upto - counting->after < A_STEP ? counting->upto : counting->after + A_STEP;
    if (counting->after < upto)
        rc = store_count_events(engine->store, counting->after, upto, &count, fault);
    counting->events += count;
    counting->after = upto;
    *out_done = rc == RC_OK && upto == counting->upto;
    if (!*out_done)
        return rc;
    (void)pthread_mutex_lock(&engine->lock);
    if (engine->erasures == counting->erasures &&
        (!engine->counted.begun || engine->counted.upto <= counting->upto ||
         engine->counted.erasures != counting->erasures))
        engine->counted = *counting;
    (void)pthread_mutex_unlock(&engine->lock);
    return rc;
}
