#include "upstream/user_service.h"

#include <stdlib.h>

#define KEEP_MS INT64_C(60000)

static const char path[] = "/validate/";

struct user_service {
    struct asked_service service;
};

static bool read_reply(int status, const json_t *body, struct reply *out)
{
    bool yes = status == 200 && !json_is_false(json_object_get(body, "valid"));

    out->number = yes ? USER_YES : USER_NO;
    return status != 401 && status != 403 && status != 429 && status < 500;
}

enum rc user_service_new(const char *base_url, struct fetcher *fetcher, struct user_service **out_service,
                         struct fault *fault)
{
    struct user_service *users = malloc(sizeof *users);

    if (!users)
        return fault_no_memory(fault);
    enum rc rc =
        question_init(&users->service,
                      &(struct question_settings){
                          .base_url = base_url, .fetcher = fetcher, .keep_ms = KEEP_MS, .read = read_reply},
                      fault);
    if (rc == RC_OK)
        *out_service = users;
    else
        user_service_free(users);
    return rc;
}

void user_service_free(struct user_service *service)
{
    if (service)
        question_done(&service->service);
    free(service);
}

enum user_verdict user_service_known(struct user_service *service, const char *id)
{
    char unused[2];
    int64_t verdict;

    return question_known(&service->service, path, id, unused, sizeof unused, &verdict)
               ? (enum user_verdict)verdict
               : USER_NOT_ASKED;
}

enum user_verdict user_service_verdict(const struct reply *reply)
{
    return reply->came ? (enum user_verdict)reply->number : USER_UNASKABLE;
}

void user_service_ask(struct user_service *service, const char *id, const char *trace,
                      void (*done)(void *arg, const struct reply *reply), void *arg)
{
    question_ask(&service->service, path, id, trace, done, arg);
}
