#include "face/jwks.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { REFRESH_MS = 60000, WAITING_MAX = 1024, FIRST_RETRY_MS = 1000 };

struct jwks {
    struct fetch fetch; /* first: it is what comes back */
    struct fetcher *fetcher;
    char *url;
    bool (*take)(void *arg, const char *bytes, size_t size);
    void *arg;
    pthread_mutex_t lock; /* guards what follows */
    bool loading, loaded;
    bool refreshed, attempted;
    int64_t refreshed_ms, attempted_ms; /* the last refresh of a loaded set; the last attempt at the first load */
    struct request *waiting[WAITING_MAX];
    int waiting_count;
};

static void fetched(struct fetch *fetch)
{
    struct jwks *jwks = (struct jwks *)fetch;
    struct request *waiting[WAITING_MAX];
    bool taken = fetch->answered && fetch->status == 200 &&
                 jwks->take(jwks->arg, fetch->body.bytes ? fetch->body.bytes : "", fetch->body.size);

    buf_done(&fetch->body);
    (void)pthread_mutex_lock(&jwks->lock);
    jwks->loaded |= taken;
    jwks->loading = false;
    int count = jwks->waiting_count;
    memcpy(waiting, jwks->waiting, (size_t)count * sizeof *waiting);
    jwks->waiting_count = 0;
    (void)pthread_mutex_unlock(&jwks->lock);
    for (int i = 0; i < count; i++)
        request_resume(waiting[i]);
}

enum rc jwks_new(const char *url, struct fetcher *fetcher, bool (*take)(void *arg, const char *bytes, size_t size),
                 void *arg, struct jwks **out_jwks, struct fault *fault)
{
    struct jwks *jwks = calloc(1, sizeof *jwks);

    if (!jwks || !(jwks->url = strdup(url))) {
        free(jwks);
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    }
    (void)pthread_mutex_init(&jwks->lock, NULL); /* default attributes cannot fail */
    jwks->fetcher = fetcher;
    jwks->take = take;
    jwks->arg = arg;
    jwks->fetch.url = jwks->url;
    jwks->fetch.done = fetched;
    *out_jwks = jwks;
    return RC_OK;
}

void jwks_free(struct jwks *jwks)
{
    if (!jwks)
        return;
    (void)pthread_mutex_destroy(&jwks->lock); /* nobody holds it */
    free(jwks->url);
    free(jwks);
}

enum jwks_answer jwks_ask(struct jwks *jwks, struct request *request, int64_t now_ms,
                          void (*again)(struct request *request))
{
    (void)pthread_mutex_lock(&jwks->lock);
    bool rested = jwks->loaded ? !jwks->refreshed || now_ms - jwks->refreshed_ms >= REFRESH_MS
                               : !jwks->attempted || now_ms - jwks->attempted_ms >= FIRST_RETRY_MS;
    enum jwks_answer answer = jwks->loaded ? JWKS_REFUSE : JWKS_UNREACHABLE;
    bool start = false;
    if ((jwks->loading || rested) && jwks->waiting_count < WAITING_MAX && !request->asked_keys) {
        answer = JWKS_WAIT;
        request->asked_keys = true;
        jwks->waiting[jwks->waiting_count++] = request;
        start = !jwks->loading;
        jwks->loading = true;
        if (start && jwks->loaded) {
            jwks->refreshed = true;
            jwks->refreshed_ms = now_ms;
        } else if (start) { /* the first load is not counted as a refresh */
            jwks->attempted = true;
            jwks->attempted_ms = now_ms;
        }
        request_park(request, again); /* before anybody can resume it: the lock is held */
    }
    (void)pthread_mutex_unlock(&jwks->lock);
    if (start) {
        jwks->fetch.answered = false;
        if (!fetcher_submit(jwks->fetcher, &jwks->fetch))
            fetched(&jwks->fetch); /* too many wait: as if nobody had answered */
    }
    return answer;
}
