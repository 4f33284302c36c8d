#include "upstream/fetch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/monotonic.h"

enum { QUEUE_MAX = 4096, FAILURES_MAX = 5, REST_MS = 5000, THREADS_MAX = 16 };

struct fetcher {
    int64_t timeout_ms;
    pthread_t threads[THREADS_MAX];
    int thread_count;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;
    struct fetch *head, *tail;
    int queued, failures;
    int64_t rest_until_ms;
    bool stopping;
};

static size_t take_bytes(char *bytes, size_t size, size_t count, void *arg)
{
    struct buf *body = arg;

    if (body->size + size * count > FETCH_MAX_BYTES)
        return 0; /* an endless answer is cut off: the call fails */
    buf_add(body, bytes, size * count);
    return body->failed ? 0 : size * count;
}

static void perform(CURL *curl, struct fetch *fetch, int64_t timeout_ms)
{
    long status = 0;

    curl_easy_reset(curl);
    (void)curl_easy_setopt(curl, CURLOPT_URL, fetch->url); /* a bad option fails the call below */
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &fetch->body);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "milepost");
    fetch->answered = curl_easy_perform(curl) == CURLE_OK &&
                      curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status > 0;
    fetch->status = (int)status;
}

void fetch_now(struct fetch *fetch, int64_t timeout_ms)
{
    CURL *curl = curl_easy_init();

    if (curl)
        perform(curl, fetch, timeout_ms);
    curl_easy_cleanup(curl);
}

static struct fetch *take_next(struct fetcher *fetcher)
{
    struct fetch *fetch = fetcher->head;

    fetcher->head = fetch->next;
    if (!fetcher->head)
        fetcher->tail = NULL;
    fetcher->queued--;
    return fetch;
}

/* Whether the breaker lets the call through; after REST_MS one is tried again. */
static bool lets_through(struct fetcher *fetcher)
{
    return fetcher->failures < FAILURES_MAX || monotonic_ms() >= fetcher->rest_until_ms;
}

static void note_result(struct fetcher *fetcher, const struct fetch *fetch)
{
    if (fetch->answered && fetch->status < 500) {
        fetcher->failures = 0;
    } else if (++fetcher->failures >= FAILURES_MAX) {
        fetcher->rest_until_ms = monotonic_ms() + REST_MS;
    }
}

static void *fetcher_main(void *arg)
{
    struct fetcher *fetcher = arg;
    CURL *curl = curl_easy_init();

    (void)pthread_setname_np(pthread_self(), "upstream"); /* for who looks at the threads; 15 bytes at most */
    (void)pthread_mutex_lock(&fetcher->lock);
    for (;;) {
        while (!fetcher->head && !fetcher->stopping)
            (void)pthread_cond_wait(&fetcher->work, &fetcher->lock);
        if (!fetcher->head)
            break;
        struct fetch *fetch = take_next(fetcher);
        bool go = curl && !fetcher->stopping && lets_through(fetcher);
        (void)pthread_mutex_unlock(&fetcher->lock);
        if (go)
            perform(curl, fetch, fetcher->timeout_ms);
        (void)pthread_mutex_lock(&fetcher->lock);
        if (go)
            note_result(fetcher, fetch);
        (void)pthread_mutex_unlock(&fetcher->lock);
        fetch->done(fetch);
        (void)pthread_mutex_lock(&fetcher->lock);
    }
    (void)pthread_mutex_unlock(&fetcher->lock);
    curl_easy_cleanup(curl);
    return NULL;
}

enum rc fetcher_new(int64_t timeout_ms, int threads, struct fetcher **out_fetcher, struct fault *fault)
{
    struct fetcher *fetcher = calloc(1, sizeof *fetcher);

    if (!fetcher || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(fetcher);
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    }
    fetcher->timeout_ms = timeout_ms;
    (void)pthread_mutex_init(&fetcher->lock, NULL); /* default attributes cannot fail */
    (void)pthread_cond_init(&fetcher->work, NULL);
    for (int i = 0; i < threads && i < THREADS_MAX; i++) {
        if (pthread_create(&fetcher->threads[i], NULL, fetcher_main, fetcher) != 0) {
            fetcher_free(fetcher);
            return fault_set(fault, RC_BUSY, NULL, "cannot start a thread");
        }
        fetcher->thread_count++;
    }
    *out_fetcher = fetcher;
    return RC_OK;
}

void fetcher_free(struct fetcher *fetcher)
{
    if (!fetcher)
        return;
    (void)pthread_mutex_lock(&fetcher->lock);
    fetcher->stopping = true;
    (void)pthread_cond_broadcast(&fetcher->work);
    (void)pthread_mutex_unlock(&fetcher->lock);
    for (int i = 0; i < fetcher->thread_count; i++)
        (void)pthread_join(fetcher->threads[i], NULL); /* each was started */
    (void)pthread_mutex_destroy(&fetcher->lock);
    (void)pthread_cond_destroy(&fetcher->work);
    free(fetcher);
}

bool fetcher_submit(struct fetcher *fetcher, struct fetch *fetch)
{
    fetch->next = NULL;
    (void)pthread_mutex_lock(&fetcher->lock);
    bool taken = fetcher->queued < QUEUE_MAX && !fetcher->stopping;
    if (taken) {
        if (fetcher->tail)
            fetcher->tail->next = fetch;
        else
            fetcher->head = fetch;
        fetcher->tail = fetch;
        fetcher->queued++;
        (void)pthread_cond_signal(&fetcher->work);
    }
    (void)pthread_mutex_unlock(&fetcher->lock);
    return taken;
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
