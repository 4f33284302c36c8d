#include "upstream/cms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "upstream/cache.h"

enum { KEY_BYTES = 160, TITLE_MAX = 1024 };

#define FAILURE_KEEP_MS INT64_C(5000)

struct cms {
    char *base_url;
    struct fetcher *fetcher;
    struct cache *answers, *failures;
};

struct question {
    struct fetch fetch; /* first: it is what comes back */
    struct cms *cms;
    struct buf url;
    char key[KEY_BYTES];
    void (*done)(void *arg);
    void *arg;
};

enum rc cms_new(const char *base_url, struct fetcher *fetcher, int64_t ttl_ms, struct cms **out_cms,
                struct fault *fault)
{
    struct cms *cms = calloc(1, sizeof *cms);

    if (cms) {
        cms->fetcher = fetcher;
        cms->base_url = strdup(base_url);
        cms->answers = cache_new(ttl_ms);
        cms->failures = cache_new(FAILURE_KEEP_MS);
    }
    if (!cms || !cms->base_url || !cms->answers || !cms->failures) {
        cms_free(cms);
        return fault_no_memory(fault);
    }
    size_t size = strlen(cms->base_url);
    while (size && cms->base_url[size - 1] == '/')
        cms->base_url[--size] = '\0';
    *out_cms = cms;
    return RC_OK;
}

void cms_free(struct cms *cms)
{
    if (!cms)
        return;
    free(cms->base_url);
    cache_free(cms->answers);
    cache_free(cms->failures);
    free(cms);
}

static void make_key(char key[KEY_BYTES], enum cms_kind kind, const char *id)
{
    /* an id has at most 128 bytes */
    (void)snprintf(key, KEY_BYTES, "%c%s", kind == CMS_COURSE ? 'c' : 'v', id);
}

bool cms_known(struct cms *cms, enum cms_kind kind, const char *id, char *out_title, size_t room,
               int64_t *out_duration_s)
{
    char key[KEY_BYTES];
    bool known;

    make_key(key, kind, id);
    return cache_get(cms->answers, key, out_title, room, &known, out_duration_s) ||
           cache_get(cms->failures, key, out_title, room, &known, out_duration_s);
}

void cms_drop(struct cms *cms, enum cms_kind kind, const char *id)
{
    char key[KEY_BYTES];

    make_key(key, kind, id);
    cache_drop(cms->answers, key);
    cache_drop(cms->failures, key);
}

static void keep(struct question *question)
{
    const struct fetch *fetch = &question->fetch;
    struct cms *cms = question->cms;

    if (!fetch->answered || (fetch->status != 200 && fetch->status != 404)) {
        cache_put(cms->failures, question->key, NULL, 0);
        return;
    }
    json_auto_t *root = fetch->status == 200 ? json_loadb(fetch->body.bytes ? fetch->body.bytes : "",
                                                          fetch->body.size, 0, NULL)
                                             : NULL;
    json_t *title = json_object_get(root, "title"), *duration = json_object_get(root, "durationSeconds");
    if (!json_is_string(title))
        title = json_object_get(root, "name");
    if (!json_is_number(duration))
        duration = json_object_get(root, "duration");
    double seconds = json_is_number(duration) ? json_number_value(duration) : 0;
    const char *text =
        json_is_string(title) && json_string_length(title) <= TITLE_MAX ? json_string_value(title) : NULL;
    cache_put(cms->answers, question->key, text,
              seconds > 0 && seconds < 9007199254740992.0 ? (int64_t)seconds : 0);
}

static void answered(struct fetch *fetch)
{
    struct question *question = (struct question *)fetch;

    keep(question);
    question->done(question->arg);
    buf_done(&question->url);
    buf_done(&question->fetch.body);
    free(question);
}

void cms_ask(struct cms *cms, enum cms_kind kind, const char *id, void (*done)(void *arg), void *arg)
{
    struct question *question = calloc(1, sizeof *question);

    if (!question) {
        done(arg);
        return;
    }
    question->cms = cms;
    question->done = done;
    question->arg = arg;
    make_key(question->key, kind, id);
    buf_text(&question->url, cms->base_url);
    buf_text(&question->url, kind == CMS_COURSE ? "/courses/" : "/videos/");
    fetch_segment(&question->url, id, strlen(id));
    buf_char(&question->url, '\0');
    question->fetch.url = question->url.bytes;
    question->fetch.done = answered;
    if (question->url.failed || !fetcher_submit(cms->fetcher, &question->fetch)) {
        buf_done(&question->url);
        free(question);
        done(arg);
    }
}
