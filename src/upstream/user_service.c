#include "upstream/user_service.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "upstream/cache.h"

#define KEEP_MS INT64_C(60000)

struct user_service {
    char *base_url;
    struct fetcher *fetcher;
    struct cache *cache;
};

struct question {
    struct fetch fetch; /* first: it is what comes back */
    struct user_service *service;
    struct buf url;
    char *id;
    void (*done)(void *arg, enum user_verdict verdict);
    void *arg;
};

enum rc user_service_new(const char *base_url, struct fetcher *fetcher, struct user_service **out_service,
                         struct fault *fault)
{
    struct user_service *service = calloc(1, sizeof *service);

    if (service) {
        service->fetcher = fetcher;
        service->base_url = strdup(base_url);
        service->cache = cache_new(KEEP_MS);
    }
    if (!service || !service->base_url || !service->cache) {
        user_service_free(service);
        return fault_no_memory(fault);
    }
    size_t size = strlen(service->base_url);
    while (size && service->base_url[size - 1] == '/')
        service->base_url[--size] = '\0';
    *out_service = service;
    return RC_OK;
}

void user_service_free(struct user_service *service)
{
    if (!service)
        return;
    free(service->base_url);
    cache_free(service->cache);
    free(service);
}

enum user_verdict user_service_known(struct user_service *service, const char *id)
{
    char unused[2];
    bool known;
    int64_t verdict;

    return cache_get(service->cache, id, unused, sizeof unused, &known, &verdict) ? (enum user_verdict)verdict
                                                                                  : USER_NOT_ASKED;
}

static enum user_verdict judge(const struct fetch *fetch)
{
    if (!fetch->answered || fetch->status == 401 || fetch->status == 403 || fetch->status == 429 ||
        fetch->status >= 500)
        return USER_UNASKABLE;
    if (fetch->status != 200)
        return USER_NO;
    json_auto_t *root = json_loadb(fetch->body.bytes ? fetch->body.bytes : "", fetch->body.size, 0, NULL);
    return json_is_false(json_object_get(root, "valid")) ? USER_NO : USER_YES;
}

static void answered(struct fetch *fetch)
{
    struct question *question = (struct question *)fetch;
    enum user_verdict verdict = judge(fetch);

    if (verdict != USER_UNASKABLE)
        cache_put(question->service->cache, question->id, "", verdict);
    question->done(question->arg, verdict);
    buf_done(&question->url);
    buf_done(&question->fetch.body);
    free(question->id);
    free(question);
}

void user_service_ask(struct user_service *service, const char *id,
                      void (*done)(void *arg, enum user_verdict verdict), void *arg)
{
    struct question *question = calloc(1, sizeof *question);

    if (!question) {
        done(arg, USER_UNASKABLE);
        return;
    }
    question->service = service;
    question->id = strdup(id);
    question->done = done;
    question->arg = arg;
    buf_text(&question->url, service->base_url);
    buf_text(&question->url, "/validate/");
    fetch_segment(&question->url, id, strlen(id));
    buf_char(&question->url, '\0');
    question->fetch.url = question->url.bytes;
    question->fetch.done = answered;
    if (!question->id || question->url.failed || !fetcher_submit(service->fetcher, &question->fetch)) {
        free(question->id);
        buf_done(&question->url);
        free(question);
        done(arg, USER_UNASKABLE);
    }
}
