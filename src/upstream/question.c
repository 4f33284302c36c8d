#include "upstream/question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 160 }; /* an id has at most 128 bytes, a path fewer than 32 */

struct question {
    struct fetch fetch; /* first: it is what comes back */
    struct asked_service *service;
    struct buf url;
    char key[KEY_BYTES];
    void (*done)(void *arg, const struct reply *reply);
    void *arg;
};

enum rc question_init(struct asked_service *service, const struct question_settings *settings,
                      struct fault *fault)
{
    *service = (struct asked_service){
        .base_url = strdup(settings->base_url),
        .fetcher = settings->fetcher,
        .replies = cache_new(settings->keep_ms),
        .failures = settings->keep_failure_ms ? cache_new(settings->keep_failure_ms) : NULL,
        .read = settings->read,
    };
    if (!service->base_url || !service->replies || (settings->keep_failure_ms && !service->failures))
        return fault_no_memory(fault);
    size_t size = strlen(service->base_url);
    while (size && service->base_url[size - 1] == '/')
        service->base_url[--size] = '\0';
    return RC_OK;
}

void question_done(struct asked_service *service)
{
    free(service->base_url);
    cache_free(service->replies);
    cache_free(service->failures);
}

static void make_key(char key[KEY_BYTES], const char *path, const char *id)
{
    (void)snprintf(key, KEY_BYTES, "%s%s", path, id); /* fits */
}

bool question_known(struct asked_service *service, const char *path, const char *id, char *out_text,
                    size_t room, int64_t *out_number)
{
    char key[KEY_BYTES];
    bool unused;

    make_key(key, path, id);
    return cache_get(service->replies, key, out_text, room, &unused, out_number) ||
           (service->failures && cache_get(service->failures, key, out_text, room, &unused, out_number));
}

void question_drop(struct asked_service *service, const char *path, const char *id)
{
    char key[KEY_BYTES];

    make_key(key, path, id);
    cache_drop(service->replies, key);
    if (service->failures)
        cache_drop(service->failures, key);
}

static void end(struct question *question, const struct reply *reply)
{
    question->done(question->arg, reply);
    buf_done(&question->url);
    buf_done(&question->fetch.body);
    free(question);
}

static void answered(struct fetch *fetch)
{
    struct question *question = (struct question *)fetch;
    struct asked_service *service = question->service;
    struct reply reply = {.came = false};
    json_auto_t *body = fetch->answered && fetch->status == 200 && fetch->body.bytes
                            ? json_loadb(fetch->body.bytes, fetch->body.size, 0, NULL)
                            : NULL;

    reply.came = fetch->answered && service->read(fetch->status, body, &reply);
    if (reply.came)
        cache_put(service->replies, question->key, reply.known ? reply.text : NULL, reply.number);
    else if (service->failures)
        cache_put(service->failures, question->key, NULL, 0);
    end(question, &reply);
}

void question_ask(struct asked_service *service, const char *path, const char *id, const char *trace,
                  void (*done)(void *arg, const struct reply *reply), void *arg)
{
    struct question *question = calloc(1, sizeof *question);

    if (!question) {
        done(arg, &(struct reply){.came = false});
        return;
    }
    question->service = service;
    question->done = done;
    question->arg = arg;
    make_key(question->key, path, id);
    buf_text(&question->url, service->base_url);
    buf_text(&question->url, path);
    fetch_segment(&question->url, id, strlen(id));
    buf_char(&question->url, '\0');
    question->fetch.url = question->url.bytes;
    question->fetch.done = answered;
    (void)snprintf(question->fetch.traceparent, sizeof question->fetch.traceparent, "%s",
                   trace ? trace : ""); /* fits */
    if (question->url.failed || !fetcher_submit(service->fetcher, &question->fetch))
        end(question, &(struct reply){.came = false});
}
