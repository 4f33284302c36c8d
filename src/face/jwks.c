#include "face/jwks.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/monotonic.h"
#include "http/suspend.h"

enum { REFRESH_MS = 60000, WAITING_MAX = 1024, FIRST_RETRY_MS = 1000, JUST_NOW_MS = 1000 };

struct jwks {
    struct fetch fetch; /* first: it is what comes back */
    struct fetcher *fetcher;
    char *url;
    bool (*take)(void *arg, const char *bytes, size_t size);
    void *arg;
    pthread_mutex_t lock; /* guards what follows */
    bool loading, loaded;
    bool refreshed, attempted;
    /* the last refresh of a loaded set; the last attempt at the first load */
    int64_t refreshed_ms, attempted_ms;
    int64_t taken_ms; /* the last set that came */
    struct request *waiting[WAITING_MAX];
    int waiting_count;
};

static void fetched(struct fetch *fetch)
{
    struct jwks *jwks = (struct jwks *)fetch;
    struct request *waiting[WAITING_MAX];
    bool answered = fetch->answered && fetch->status == 200;
    bool taken = jwks->take(jwks->arg,
                            !answered           ? NULL
                            : fetch->body.bytes ? fetch->body.bytes
                                                : "",
                            fetch->body.size);

    buf_done(&fetch->body);
    (void)pthread_mutex_lock(&jwks->lock);
    jwks->loaded |= taken;
    if (taken)
        jwks->taken_ms = monotonic_ms();
    jwks->loading = false;
    int count = jwks->waiting_count;
    memcpy(waiting, jwks->waiting, (size_t)count * sizeof *waiting);
    jwks->waiting_count = 0;
    (void)pthread_mutex_unlock(&jwks->lock);
    for (int i = 0; i < count; i++)
        request_resume(waiting[i]);
}

enum rc jwks_new(const char *url, struct fetcher *fetcher,
                 bool (*take)(void *arg, const char *bytes, size_t size), void *arg, struct jwks **out_jwks,
                 struct fault *fault)
{
    struct jwks *jwks = calloc(1, sizeof *jwks);

    if (!jwks || !(jwks->url = strdup(url))) {
        free(jwks);
        return fault_no_memory(fault);
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

static void start_fetch(struct jwks *jwks)
{
    jwks->fetch.answered = false;
    if (!fetcher_submit(jwks->fetcher, &jwks->fetch))
        fetched(&jwks->fetch); /* too many wait: as if nobody had answered */
}

void jwks_reload(struct jwks *jwks)
{
    (void)pthread_mutex_lock(&jwks->lock);
    bool start = !jwks->loading;
    jwks->loading = true;
    (void)pthread_mutex_unlock(&jwks->lock);
    if (start)
        start_fetch(jwks);
}

enum jwks_answer jwks_ask(struct jwks *jwks, struct request *request, void (*again)(struct request *request))
{
    int64_t now_ms = monotonic_ms();

    (void)pthread_mutex_lock(&jwks->lock);
    bool rested = jwks->loaded ? !jwks->refreshed || now_ms - jwks->refreshed_ms >= REFRESH_MS
                               : !jwks->attempted || now_ms - jwks->attempted_ms >= FIRST_RETRY_MS;
    enum jwks_answer answer = jwks->loaded ? JWKS_REFUSE : JWKS_UNREACHABLE;
    bool start = false;
    if (!request->asked_keys && (jwks->loading || rested)) {
        answer = JWKS_UNREACHABLE;
        if (jwks->waiting_count < WAITING_MAX) {
            answer = JWKS_WAIT;
            request->asked_keys = true;
            jwks->waiting[jwks->waiting_count++] = request;
            start = !jwks->loading;
            jwks->loading = true;
            request_suspend(request, again); /* before anybody can resume it: the lock is held */
        }
    } else if (!request->asked_keys && jwks->loaded && now_ms - jwks->taken_ms < JUST_NOW_MS) {
        answer = JWKS_CHANGED;
        request->asked_keys = true;
    }
    if (start && jwks->loaded) {
        jwks->refreshed = true;
        jwks->refreshed_ms = now_ms;
    } else if (start) { /* the first load is not counted as a refresh */
        jwks->attempted = true;
        jwks->attempted_ms = now_ms;
    }
    (void)pthread_mutex_unlock(&jwks->lock);
    if (start)
        start_fetch(jwks);
    return answer;
}
