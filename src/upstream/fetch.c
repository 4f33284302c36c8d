#include "upstream/fetch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/monotonic.h"

/* CALLS_MAX: a service that takes 700 ms still answers 45 questions a second. */
enum { QUEUE_MAX = 4096, CALLS_MAX = 32, FAILURES_MAX = 5, REST_MS = 5000, IDLE_MS = 60000 };

struct call {
    struct fetch *fetch; /* NULL: free; those that ask the same hang on it */
    CURL *curl;
    struct curl_slist *headers; /* NULL: none of ours */
    uint64_t began_us;          /* monotonic */
};

struct fetcher {
    const char *name;
    int64_t timeout_ms;
    CURLM *multi;
    pthread_t thread;
    struct call calls[CALLS_MAX]; /* the thread's own */
    struct histogram took_us;     /* the thread adds, anybody reads */
    pthread_mutex_t lock;         /* guards what follows */
    struct fetch *head, *tail;
    int queued, under_way, failures;
    bool trying; /* one call asks whether a service that rested is back */
    int64_t rest_until_ms;
    bool stopping, ending;
    uint64_t made, failed, refused;
};

/* ---- the breaker. Lock held ---- */

static bool lets_through(struct fetcher *fetcher)
{
    if (fetcher->failures < FAILURES_MAX)
        return true;
    if (fetcher->trying || monotonic_ms() < fetcher->rest_until_ms)
        return false;
    fetcher->trying = true;
    return true;
}

static void note_result(struct fetcher *fetcher, const struct fetch *fetch)
{
    fetcher->trying = false;
    if (fetch->answered && fetch->status < 500) {
        fetcher->failures = 0;
        return;
    }
    fetcher->failed++;
    if (++fetcher->failures >= FAILURES_MAX)
        fetcher->rest_until_ms = monotonic_ms() + REST_MS;
}

/* ---- one call ---- */

static size_t take_bytes(char *bytes, size_t size, size_t count, void *arg)
{
    struct buf *body = arg;

    if (body->size + size * count > FETCH_MAX_BYTES)
        return 0; /* an endless answer is cut off: the call fails */
    buf_add(body, bytes, size * count);
    return body->failed ? 0 : size * count;
}

static CURL *new_call(struct fetch *fetch, int64_t timeout_ms)
{
    CURL *curl = curl_easy_init();

    if (!curl)
        return NULL;
    (void)curl_easy_setopt(curl, CURLOPT_URL, fetch->url); /* a bad option fails the call */
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &fetch->body);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "milepost");
#if LIBCURL_VERSION_NUM >= 0x075700
    (void)curl_easy_setopt(curl, CURLOPT_QUICK_EXIT,
                           1L); /* a name server that does not answer holds up nothing else */
#endif
    return curl;
}

/* Hands a call, and those that asked the same, back. They own it from then on. */
static void give_back(struct fetch *fetch)
{
    while (fetch) {
        struct fetch *same = fetch->same;
        if (same) {
            same->answered = fetch->answered;
            same->status = fetch->status;
            if (fetch->body.size)
                buf_add(&same->body, fetch->body.bytes, fetch->body.size);
            same->answered &= !same->body.failed;
        }
        fetch->done(fetch);
        fetch = same;
    }
}

static void end_call(struct fetcher *fetcher, struct call *call)
{
    struct fetch *fetch = call->fetch;

    (void)curl_multi_remove_handle(fetcher->multi, call->curl); /* it is in there */
    curl_easy_cleanup(call->curl);
    curl_slist_free_all(call->headers);
    *call = (struct call){.fetch = NULL};
    give_back(fetch);
}

/* ---- the thread ---- */

/* The call that asks the same, else a free one; NULL: all are taken. */
static struct call *call_for(struct fetcher *fetcher, const struct fetch *fetch)
{
    struct call *free_one = NULL;

    for (int i = 0; i < CALLS_MAX; i++) {
        struct call *call = &fetcher->calls[i];
        if (!call->fetch)
            free_one = call;
        else if (strcmp(call->fetch->url, fetch->url) == 0)
            return call;
    }
    return free_one;
}

/* The call goes without it when memory is out. */
static void pass_trace_on(struct call *call, const struct fetch *fetch)
{
    char header[80];

    if (!call->curl || !*fetch->traceparent)
        return;
    (void)snprintf(header, sizeof header, "traceparent: %s", fetch->traceparent); /* fits */
    call->headers = curl_slist_append(NULL, header);
    (void)curl_easy_setopt(call->curl, CURLOPT_HTTPHEADER, call->headers); /* NULL: none */
}

static void start_call(struct fetcher *fetcher, struct call *call, struct fetch *fetch)
{
    call->curl = new_call(fetch, fetcher->timeout_ms);
    pass_trace_on(call, fetch);
    if (!call->curl || curl_multi_add_handle(fetcher->multi, call->curl) != CURLM_OK) {
        curl_easy_cleanup(call->curl);
        curl_slist_free_all(call->headers);
        *call = (struct call){.fetch = NULL};
        (void)pthread_mutex_lock(&fetcher->lock);
        note_result(fetcher, fetch);
        (void)pthread_mutex_unlock(&fetcher->lock);
        give_back(fetch);
        return;
    }
    call->fetch = fetch;
    call->began_us = monotonic_us();
}

/* Takes the first of the queue when something can be done with it: starts it, lets it join one under way, or
 * gives it back because it waited too long or the service rests. False: the queue is empty, or its first must
 * wait. */
static bool take_one(struct fetcher *fetcher)
{
    (void)pthread_mutex_lock(&fetcher->lock);
    struct fetch *fetch = fetcher->head;
    bool over = fetch && (fetcher->stopping || monotonic_ms() - fetch->queued_ms >= fetcher->timeout_ms);
    struct call *call = fetch && !over ? call_for(fetcher, fetch) : NULL;
    if (!fetch || (!over && !call)) {
        (void)pthread_mutex_unlock(&fetcher->lock);
        return false;
    }
    fetcher->head = fetch->next;
    if (!fetcher->head)
        fetcher->tail = NULL;
    fetcher->queued--;
    bool joins = call && call->fetch;
    bool go = call && (joins || lets_through(fetcher));
    fetcher->made += go && !joins;
    fetcher->refused += !go;
    (void)pthread_mutex_unlock(&fetcher->lock);
    if (joins) {
        fetch->same = call->fetch->same;
        call->fetch->same = fetch;
    } else if (go) {
        start_call(fetcher, call, fetch);
    } else {
        give_back(fetch);
    }
    return true;
}

/* Whether the thread goes on; how long it may sleep. */
static bool look(struct fetcher *fetcher, bool *out_stopping, int *out_sleep_ms)
{
    int under_way = 0;

    for (int i = 0; i < CALLS_MAX; i++)
        under_way += fetcher->calls[i].fetch != NULL;
    (void)pthread_mutex_lock(&fetcher->lock);
    fetcher->under_way = under_way;
    int64_t left_ms =
        fetcher->head ? fetcher->timeout_ms - (monotonic_ms() - fetcher->head->queued_ms) : IDLE_MS;
    *out_stopping = fetcher->stopping;
    *out_sleep_ms = fetcher->stopping && under_way ? 0
                    : left_ms < 1                  ? 1
                    : left_ms > IDLE_MS            ? IDLE_MS
                                                   : (int)left_ms;
    bool goes_on = !fetcher->ending || fetcher->head || under_way;
    (void)pthread_mutex_unlock(&fetcher->lock);
    return goes_on;
}

/* Calls that are over: done, failed, or out of time. */
static void end_those_over(struct fetcher *fetcher)
{
    CURLMsg *message;
    int left, running;

    (void)curl_multi_perform(fetcher->multi, &running); /* what went wrong shows at each call */
    while ((message = curl_multi_info_read(fetcher->multi, &left))) {
        struct call *call = NULL;
        long status = 0;
        for (int i = 0; i < CALLS_MAX && !call; i++)
            if (fetcher->calls[i].curl == message->easy_handle)
                call = &fetcher->calls[i];
        if (message->msg != CURLMSG_DONE || !call || !call->fetch)
            continue;
        call->fetch->answered = message->data.result == CURLE_OK &&
                                curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK &&
                                status > 0;
        call->fetch->status = (int)status;
        histogram_add(&fetcher->took_us, histogram_times_us, monotonic_us() - call->began_us);
        (void)pthread_mutex_lock(&fetcher->lock);
        note_result(fetcher, call->fetch);
        (void)pthread_mutex_unlock(&fetcher->lock);
        end_call(fetcher, call);
    }
}

static void *fetcher_main(void *arg)
{
    struct fetcher *fetcher = arg;
    bool stopping;
    int sleep_ms;

    (void)pthread_setname_np(pthread_self(), "upstream"); /* for who looks at the threads; 15 bytes at most */
    while (look(fetcher, &stopping, &sleep_ms)) {
        /* until something comes, or fetcher_submit wakes it */
        (void)curl_multi_poll(fetcher->multi, NULL, 0, sleep_ms, NULL);
        end_those_over(fetcher);
        for (int i = 0; i < CALLS_MAX && stopping; i++)
            if (fetcher->calls[i].fetch)
                end_call(fetcher, &fetcher->calls[i]);
        while (take_one(fetcher))
            ;
    }
    return NULL;
}

/* ---- outside ---- */

enum rc fetcher_new(const char *name, int64_t timeout_ms, struct fetcher **out_fetcher, struct fault *fault)
{
    struct fetcher *fetcher = calloc(1, sizeof *fetcher);

    if (!fetcher || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        !(fetcher->multi = curl_multi_init())) {
        free(fetcher);
        return fault_no_memory(fault);
    }
    fetcher->name = name;
    fetcher->timeout_ms = timeout_ms;
    (void)pthread_mutex_init(&fetcher->lock, NULL); /* default attributes cannot fail */
    if (pthread_create(&fetcher->thread, NULL, fetcher_main, fetcher) != 0) {
        (void)curl_multi_cleanup(fetcher->multi);
        free(fetcher);
        return fault_set(fault, RC_BUSY, NULL, "cannot start a thread");
    }
    *out_fetcher = fetcher;
    return RC_OK;
}

void fetcher_stop(struct fetcher *fetcher)
{
    if (!fetcher)
        return;
    (void)pthread_mutex_lock(&fetcher->lock);
    fetcher->stopping = true;
    (void)pthread_mutex_unlock(&fetcher->lock);
    (void)curl_multi_wakeup(fetcher->multi); /* else it looks within its sleep */
}

void fetcher_free(struct fetcher *fetcher)
{
    if (!fetcher)
        return;
    (void)pthread_mutex_lock(&fetcher->lock);
    fetcher->stopping = fetcher->ending = true;
    (void)pthread_mutex_unlock(&fetcher->lock);
    (void)curl_multi_wakeup(fetcher->multi);
    (void)pthread_join(fetcher->thread, NULL);
    (void)curl_multi_cleanup(fetcher->multi); /* every call has left it */
    (void)pthread_mutex_destroy(&fetcher->lock);
    free(fetcher);
}

bool fetcher_submit(struct fetcher *fetcher, struct fetch *fetch)
{
    fetch->next = fetch->same = NULL;
    fetch->answered = false;
    fetch->queued_ms = monotonic_ms();
    (void)pthread_mutex_lock(&fetcher->lock);
    bool taken = fetcher->queued < QUEUE_MAX && !fetcher->stopping;
    if (taken) {
        if (fetcher->tail)
            fetcher->tail->next = fetch;
        else
            fetcher->head = fetch;
        fetcher->tail = fetch;
        fetcher->queued++;
    }
    fetcher->refused += !taken;
    (void)pthread_mutex_unlock(&fetcher->lock);
    if (taken)
        (void)curl_multi_wakeup(fetcher->multi); /* else it waits for the thread's next look */
    return taken;
}

struct fetcher_state fetcher_state(struct fetcher *fetcher)
{
    (void)pthread_mutex_lock(&fetcher->lock);
    struct fetcher_state state = {
        .name = fetcher->name,
        .failures = fetcher->failures,
        .queued = fetcher->queued,
        .under_way = fetcher->under_way,
        .rest = fetcher->failures < FAILURES_MAX ? FETCHER_WORKS
                : fetcher->trying                ? FETCHER_TRIES
                                                 : FETCHER_RESTS,
        .calls = fetcher->made,
        .failed = fetcher->failed,
        .refused = fetcher->refused,
    };
    (void)pthread_mutex_unlock(&fetcher->lock);
    return state;
}

const struct histogram *fetcher_times(const struct fetcher *fetcher)
{
    return &fetcher->took_us;
}

const char *fetcher_rest_name(enum fetcher_rest rest)
{
    static const char *const names[] = {
        [FETCHER_WORKS] = "closed", [FETCHER_RESTS] = "open", [FETCHER_TRIES] = "half-open"};
    return names[rest];
}

void fetch_segment(struct buf *url, const char *bytes, size_t size)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~";
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        bool dots = c == '.' && size > 2; /* "." and ".." alone would be folded away by the other side */
        if (c && (strchr(plain, c) || dots)) {
            buf_char(url, (char)c);
        } else {
            char escape[3] = {'%', hex[c >> 4], hex[c & 15]};
            buf_add(url, escape, sizeof escape);
        }
    }
}
