#include "http/deadlines.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/monotonic.h"

enum { LOOK_MS = 1000, TO_SEND = 1 /* in due_us */, BATCH = 256 };

struct deadlines {
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t stop;
    bool stopping;
    struct deadline *first;
    struct pollfd polled[BATCH]; /* those of one look that are to send something */
    struct deadline *polled_of[BATCH];
    nfds_t polled_count;
};

/* To some milliseconds: set several times a request, looked at once a second. */
static uint64_t now_us(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &time); /* cannot fail */
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* Shuts those down whose clients had ended at the last look too, with all they sent taken by the library, and
 * from whom the same is due: nothing is on its way. Lock held. */
static void look_for_ends(struct deadlines *deadlines)
{
    char byte;

    if (poll(deadlines->polled, deadlines->polled_count, 0) < 0)
        deadlines->polled_count = 0; /* at the next look */
    for (nfds_t i = 0; i < deadlines->polled_count; i++) {
        struct deadline *at = deadlines->polled_of[i];
        uint64_t due = atomic_load_explicit(&at->due_us, memory_order_relaxed);
        bool ended =
            deadlines->polled[i].revents & POLLRDHUP && recv(at->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
        if (ended && due & TO_SEND && at->ended_us == due)
            (void)shutdown(at->fd, SHUT_RDWR); /* as below */
        at->ended_us = ended ? due : 0;
    }
    deadlines->polled_count = 0;
}

static void look(struct deadlines *deadlines)
{
    uint64_t time = now_us();

    for (struct deadline *at = deadlines->first; at; at = at->next) {
        uint64_t due = atomic_load_explicit(&at->due_us, memory_order_relaxed);
        if (due && time > due) {
            (void)shutdown(at->fd, SHUT_RDWR); /* the library sees the end and closes it */
            atomic_store_explicit(&at->due_us, 0, memory_order_relaxed);
        } else if (due & TO_SEND) {
            deadlines->polled[deadlines->polled_count] = (struct pollfd){.fd = at->fd, .events = POLLRDHUP};
            deadlines->polled_of[deadlines->polled_count++] = at;
            if (deadlines->polled_count == BATCH)
                look_for_ends(deadlines);
        }
    }
    look_for_ends(deadlines);
}

static void *sweep(void *arg)
{
    struct deadlines *deadlines = arg;

    /* for who looks at the threads; 15 bytes at most */
    (void)pthread_setname_np(pthread_self(), "http deadlines");
    (void)pthread_mutex_lock(&deadlines->lock);
    while (!deadlines->stopping) {
        (void)monotonic_wait(&deadlines->stop, &deadlines->lock, LOOK_MS); /* a time-out is the rule */
        look(deadlines);
    }
    (void)pthread_mutex_unlock(&deadlines->lock);
    return NULL;
}

enum rc deadlines_new(struct deadlines **out_deadlines)
{
    struct deadlines *deadlines = calloc(1, sizeof *deadlines);

    if (!deadlines)
        return RC_BUSY;
    (void)pthread_mutex_init(&deadlines->lock, NULL); /* default attributes cannot fail */
    (void)pthread_cond_init(&deadlines->stop, NULL);  /* likewise */
    if (pthread_create(&deadlines->thread, NULL, sweep, deadlines) != 0) {
        free(deadlines);
        return RC_BUSY;
    }
    *out_deadlines = deadlines;
    return RC_OK;
}

void deadlines_free(struct deadlines *deadlines)
{
    if (!deadlines)
        return;
    (void)pthread_mutex_lock(&deadlines->lock);
    deadlines->stopping = true;
    (void)pthread_cond_signal(&deadlines->stop);
    (void)pthread_mutex_unlock(&deadlines->lock);
    (void)pthread_join(deadlines->thread, NULL);   /* it was started */
    (void)pthread_mutex_destroy(&deadlines->lock); /* nobody holds it */
    (void)pthread_cond_destroy(&deadlines->stop);
    free(deadlines);
}

void deadlines_add(struct deadlines *deadlines, struct deadline *deadline, int fd)
{
    (void)pthread_mutex_lock(&deadlines->lock);
    deadline->fd = fd;
    deadline->ended_us = 0;
    deadline->before = NULL;
    deadline->next = deadlines->first;
    if (deadline->next)
        deadline->next->before = deadline;
    deadlines->first = deadline;
    (void)pthread_mutex_unlock(&deadlines->lock);
}

void deadlines_remove(struct deadlines *deadlines, struct deadline *deadline)
{
    (void)pthread_mutex_lock(&deadlines->lock);
    if (deadline->next)
        deadline->next->before = deadline->before;
    if (deadline->before)
        deadline->before->next = deadline->next;
    else
        deadlines->first = deadline->next;
    (void)pthread_mutex_unlock(&deadlines->lock);
}

void deadline_set(struct deadline *deadline, unsigned seconds)
{
    uint64_t due = seconds ? (now_us() + seconds * UINT64_C(1000000)) & ~(uint64_t)TO_SEND : 0;

    atomic_store_explicit(&deadline->due_us, due, memory_order_relaxed);
}

void deadline_to_send(struct deadline *deadline, unsigned seconds)
{
    atomic_store_explicit(&deadline->due_us, (now_us() + seconds * UINT64_C(1000000)) | TO_SEND,
                          memory_order_relaxed);
}
