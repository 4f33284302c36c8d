#include "http/lingerers.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fcntl.h>

#include "base/monotonic.h"
#include "http/waker.h"

enum { LOOK_MS = 500, SCRATCH_BYTES = 64 * 1024, READS_MAX = 16 /* of one connection a turn */ };

struct lingerers {
    pthread_t thread;
    struct waker waker;
    pthread_mutex_t lock; /* guards what follows */
    int fresh[LINGER_MAX], fresh_count;
    int count; /* all: fresh and looked after */
    bool stopping;
    struct pollfd polled[LINGER_MAX + 1]; /* the thread's own, as is what follows; the last is wake */
    uint64_t until_ms[LINGER_MAX];
    int polled_count;
    char scratch[SCRATCH_BYTES];
};

static void take_fresh(struct lingerers *lingerers)
{
    for (int i = 0; i < lingerers->fresh_count; i++) {
        lingerers->polled[lingerers->polled_count] =
            (struct pollfd){.fd = lingerers->fresh[i], .events = POLLIN};
        lingerers->until_ms[lingerers->polled_count++] = (uint64_t)monotonic_ms() + LINGER_S * 1000;
    }
    lingerers->fresh_count = 0;
}

/* Whether more may come. */
static bool drain(struct lingerers *lingerers, int fd)
{
    for (int i = 0; i < READS_MAX; i++) {
        ssize_t size = recv(fd, lingerers->scratch, sizeof lingerers->scratch, MSG_DONTWAIT);
        if (size <= 0)
            return size < 0 && (errno == EAGAIN || errno == EINTR);
    }
    return true;
}

/* Reads what came, closes what is over. How many were closed. */
static int look(struct lingerers *lingerers)
{
    uint64_t now_ms = (uint64_t)monotonic_ms();
    int kept = 0, all = lingerers->polled_count;

    for (int i = 0; i < all; i++) {
        int fd = lingerers->polled[i].fd;
        if (now_ms < lingerers->until_ms[i] && (!lingerers->polled[i].revents || drain(lingerers, fd))) {
            lingerers->polled[kept] = lingerers->polled[i];
            lingerers->until_ms[kept++] = lingerers->until_ms[i];
        } else {
            (void)close(fd); /* nothing of ours is in it */
        }
    }
    lingerers->polled_count = kept;
    return all - kept;
}

static void *run(void *arg)
{
    struct lingerers *lingerers = arg;

    /* for who looks at the threads; 15 bytes at most */
    (void)pthread_setname_np(pthread_self(), "http linger");
    for (;;) {
        int closed = look(lingerers);
        (void)pthread_mutex_lock(&lingerers->lock);
        lingerers->count -= closed;
        take_fresh(lingerers);
        bool stopping = lingerers->stopping;
        (void)pthread_mutex_unlock(&lingerers->lock);
        if (stopping)
            break;
        int count = lingerers->polled_count;
        lingerers->polled[count] = (struct pollfd){.fd = lingerers->waker.fd, .events = POLLIN};
        if (poll(lingerers->polled, (nfds_t)count + 1, count ? LOOK_MS : -1) < 0)
            for (int i = 0; i < count; i++)
                lingerers->polled[i].revents = 0;
        waker_clear(&lingerers->waker); /* what was asked is under the lock */
    }
    for (int i = 0; i < lingerers->polled_count; i++)
        (void)close(lingerers->polled[i].fd); /* likewise */
    return NULL;
}

enum rc lingerers_new(struct lingerers **out_lingerers)
{
    struct lingerers *lingerers = calloc(1, sizeof *lingerers);

    if (!lingerers)
        return RC_BUSY;
    (void)pthread_mutex_init(&lingerers->lock, NULL); /* default attributes cannot fail */
    if (waker_init(&lingerers->waker) != RC_OK ||
        pthread_create(&lingerers->thread, NULL, run, lingerers) != 0) {
        waker_done(&lingerers->waker);
        (void)pthread_mutex_destroy(&lingerers->lock);
        free(lingerers);
        return RC_BUSY;
    }
    *out_lingerers = lingerers;
    return RC_OK;
}

void lingerers_free(struct lingerers *lingerers)
{
    if (!lingerers)
        return;
    (void)pthread_mutex_lock(&lingerers->lock);
    lingerers->stopping = true;
    (void)pthread_mutex_unlock(&lingerers->lock);
    waker_wake(&lingerers->waker);
    (void)pthread_join(lingerers->thread, NULL); /* it was started */
    waker_done(&lingerers->waker);
    (void)pthread_mutex_destroy(&lingerers->lock);
    free(lingerers);
}

void lingerers_take(struct lingerers *lingerers, int fd)
{
    (void)pthread_mutex_lock(&lingerers->lock);
    int ours = lingerers->count < LINGER_MAX && !lingerers->stopping ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (ours >= 0) {
        (void)shutdown(ours, SHUT_WR); /* the answer's end; gone already is as good */
        lingerers->fresh[lingerers->fresh_count++] = ours;
        lingerers->count++;
    }
    (void)pthread_mutex_unlock(&lingerers->lock);
    if (ours >= 0)
        waker_wake(&lingerers->waker);
}
