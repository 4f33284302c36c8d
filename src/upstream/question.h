#pragma once

#include <jansson.h>

#include "upstream/cache.h"
#include "upstream/fetch.h"

/* Questions about one thing at a time, by its id, to a service that answers in JSON: GET {base}{path}{id}.
 * What it answered is kept for a while. */

enum { REPLY_TEXT_BYTES = 1025 };

struct reply {
    bool came; /* false: the service cannot be asked now, and text and number say nothing */
    bool known;
    char text[REPLY_TEXT_BYTES]; /* "" unless known */
    int64_t number;
};

struct asked_service {
    char *base_url; /* without a slash at its end */
    struct fetcher *fetcher;
    struct cache *replies, *failures; /* by path and id; failures NULL: those are not kept */
    /* What an answer means. body: of a 200, NULL when it is no JSON. False: as if none had come. On the
     * fetcher's thread. */
    bool (*read)(int status, const json_t *body, struct reply *out);
};

struct question_settings {
    const char *base_url;    /* copied */
    struct fetcher *fetcher; /* borrowed for life */
    int64_t keep_ms;
    int64_t keep_failure_ms; /* 0: ask again at once */
    bool (*read)(int status, const json_t *body, struct reply *out);
};

/* Errors: RC_BUSY, out of memory; question_done is fine then too. */
MUST_CHECK enum rc question_init(struct asked_service *service, const struct question_settings *settings,
                                 struct fault *fault);

/* Nothing is under way any more: fetcher_stop came before. */
void question_done(struct asked_service *service);

/* What is kept: at most room - 1 bytes of its text. A failure that is kept has the text "" and the number 0.
 * False: ask. Any thread. */
bool question_known(struct asked_service *service, const char *path, const char *id, char *out_text,
                    size_t room, int64_t *out_number);

/* Forgets what is kept. Any thread. */
void question_drop(struct asked_service *service, const char *path, const char *id);

/* Asks. trace: a traceparent to send on, copied; NULL: none. done is called once, on the fetcher's thread, or
 * at once when too many wait; the reply is borrowed for the call. Any thread. */
void question_ask(struct asked_service *service, const char *path, const char *id, const char *trace,
                  void (*done)(void *arg, const struct reply *reply), void *arg);
