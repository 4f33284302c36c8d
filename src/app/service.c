#include "app/service.h"

#include <stdlib.h>
#include <string.h>

#include "app/engine.h"

/* What the engine's parts are does not change while it lives. */
struct service {
    struct engine *engine;
    struct model *model;
    const struct history *history;
};

enum rc service_new(struct engine *engine, struct service **out_service, struct fault *fault)
{
    struct service *service = malloc(sizeof *service);

    if (!service)
        return fault_no_memory(fault);
    *service = (struct service){engine, engine_model(engine), engine_history(engine)};
    *out_service = service;
    return RC_OK;
}

void service_free(struct service *service)
{
    free(service);
}

struct command *service_submit(struct service *service, struct command *commands, struct fault *fault)
{
    return engine_submit(service->engine, commands, fault);
}

enum rc service_leave(struct service *service, const char *name, const char *text, int seconds,
                      struct fault *fault)
{
    const struct log_value value = {.name = name, .bytes = text, .size = strlen(text)};

    return log_leave(engine_log(service->engine), &value, seconds, fault);
}

enum rc service_claim(struct service *service, const char *name, struct buf *out, struct fault *fault)
{
    return log_claim(engine_log(service->engine), name, out, fault);
}

struct engine *service_engine(struct service *service)
{
    return service->engine;
}

struct view service_read_begin(struct service *service)
{
    return model_read_begin(service->model);
}

void service_read_end(struct view view)
{
    model_read_end(view);
}

struct view service_view(struct service *service)
{
    return (struct view){service->model, false};
}

uint64_t service_published(struct service *service)
{
    struct view view = model_read_begin(service->model);
    uint64_t sequence = model_published(view.model);

    model_read_end(view);
    return sequence;
}

struct model *service_model(struct service *service)
{
    return service->model;
}

const struct history *service_history(struct service *service)
{
    return service->history;
}

const struct histogram *service_checkpoint_times(const struct service *service)
{
    return engine_checkpoint_times(service->engine);
}

const struct histogram *service_sync_times(const struct service *service)
{
    return store_sync_times(engine_store(service->engine));
}

const struct engine_timings *service_timings(const struct service *service)
{
    return engine_timings(service->engine);
}

struct engine_state service_state(struct service *service)
{
    return engine_state(service->engine);
}

struct log_costs service_log_costs(struct service *service)
{
    return engine_log_costs(service->engine);
}
