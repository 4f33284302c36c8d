#include "upstream/cms.h"

#include <stdlib.h>
#include <string.h>

#define FAILURE_KEEP_MS INT64_C(5000)

struct cms {
    struct asked_service service;
};

static bool read_reply(int status, const json_t *body, struct reply *out)
{
    json_t *title = json_object_get(body, "title"), *duration = json_object_get(body, "durationSeconds");

    if (!json_is_string(title))
        title = json_object_get(body, "name");
    if (!json_is_number(duration))
        duration = json_object_get(body, "duration");
    double seconds = json_is_number(duration) ? json_number_value(duration) : 0;
    out->known = json_is_string(title) && json_string_length(title) < sizeof out->text;
    if (out->known)
        memcpy(out->text, json_string_value(title), json_string_length(title) + 1);
    out->number = seconds > 0 && seconds < 9007199254740992.0 ? (int64_t)seconds : 0;
    return status == 200 || status == 404;
}

enum rc cms_new(const char *base_url, struct fetcher *fetcher, int64_t ttl_ms, struct cms **out_cms,
                struct fault *fault)
{
    struct cms *cms = malloc(sizeof *cms);

    if (!cms)
        return fault_no_memory(fault);
    enum rc rc = question_init(&cms->service,
                               &(struct question_settings){.base_url = base_url,
                                                           .fetcher = fetcher,
                                                           .keep_ms = ttl_ms,
                                                           .keep_failure_ms = FAILURE_KEEP_MS,
                                                           .read = read_reply},
                               fault);
    if (rc == RC_OK)
        *out_cms = cms;
    else
        cms_free(cms);
    return rc;
}

void cms_free(struct cms *cms)
{
    if (cms)
        question_done(&cms->service);
    free(cms);
}

static const char *path_of(enum cms_kind kind)
{
    return kind == CMS_COURSE ? "/courses/" : "/videos/";
}

bool cms_known(struct cms *cms, enum cms_kind kind, const char *id, char *out_title, size_t room,
               int64_t *out_duration_s)
{
    return question_known(&cms->service, path_of(kind), id, out_title, room, out_duration_s);
}

void cms_drop(struct cms *cms, enum cms_kind kind, const char *id)
{
    question_drop(&cms->service, path_of(kind), id);
}

void cms_ask(struct cms *cms, enum cms_kind kind, const char *id, const char *trace,
             void (*done)(void *arg, const struct reply *reply), void *arg)
{
    question_ask(&cms->service, path_of(kind), id, trace, done, arg);
}
