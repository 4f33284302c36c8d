#include "http/tls_front.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/monotonic.h"
#include "http/tls_link.h"
#include "http/waker.h"

enum {
    THREADS_MAX = 16,
    EVENTS_MAX = 64,
    ACCEPTS_MAX = 16, /* a turn: a handshake costs a signature */
    LOOK_MS = 500,    /* at deadlines */
    REST_MS = 100,    /* no descriptor is free: reliability R29 */
    STOP_MS = 1000,
};

struct front_thread {
    struct tls_front *front;
    pthread_t thread;
    int epoll;
    struct waker waker;
    bool listens; /* the listening socket is with epoll */
    int64_t listens_from_ms, looked_ms;
    struct tls_link *first;
    unsigned count;
};

struct tls_front {
    struct tls_front_settings settings;
    unsigned started;
    atomic_bool quiesced, stopping;
    struct front_thread threads[THREADS_MAX];
};

static int connect_inner(void *arg)
{
    struct tls_front *front = arg;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 ||
        connect(fd, (const struct sockaddr *)&front->settings.inner, front->settings.inner_size) == 0)
        return fd;
    (void)close(fd); /* nothing was said on it */
    return -1;
}

/* ---- what epoll looks at ---- */

static void arm(struct front_thread *at, struct tls_end *end, uint32_t wanted)
{
    struct epoll_event event = {.events = wanted, .data.ptr = end};

    if (end->fd < 0 || wanted == end->wanted)
        return;
    /* an end that nothing is wanted of is taken out, or its hang-up would wake the thread for ever */
    int how = !end->wanted ? EPOLL_CTL_ADD : wanted ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;
    if (epoll_ctl(at->epoll, how, end->fd, &event) == 0)
        end->wanted = wanted;
    else
        end->link->state = TLS_OVER; /* no memory */
}

static void listen_or_not(struct front_thread *at, int64_t now_ms)
{
    struct tls_front *front = at->front;
    bool wanted = !atomic_load(&front->quiesced) && at->count < front->settings.connections_max &&
                  now_ms >= at->listens_from_ms;
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = front};

    if (wanted != at->listens && epoll_ctl(at->epoll, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
                                           listener_fd(front->settings.outer), &event) == 0)
        at->listens = wanted;
}

/* ---- links ---- */

static void drop(struct front_thread *at, struct tls_link *link)
{
    if (link->previous)
        link->previous->next = link->next;
    else
        at->first = link->next;
    if (link->next)
        link->next->previous = link->previous;
    at->count--;
    tls_link_free(link, at->front->settings.keys); /* epoll forgets what is closed */
}

static void move(struct front_thread *at, struct tls_link *link, int64_t now_ms)
{
    tls_link_move(link, connect_inner, at->front, now_ms);
    arm(at, &link->net, tls_link_wants(link, &link->net));
    arm(at, &link->inner, tls_link_wants(link, &link->inner));
}

static void accept_some(struct front_thread *at, int64_t now_ms)
{
    for (int i = 0; i < ACCEPTS_MAX && at->count < at->front->settings.connections_max; i++) {
        int fd = accept4(listener_fd(at->front->settings.outer), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
                at->listens_from_ms = now_ms + REST_MS;
            return;
        }
        struct tls_link *link = tls_link_new(fd, at->front->settings.keys, now_ms);
        if (!link)
            continue;
        link->next = at->first;
        if (at->first)
            at->first->previous = link;
        at->first = link;
        at->count++;
        move(at, link, now_ms);
    }
}

/* Ends what is over; at times, what is late. Only links that no event of this turn points to any more. */
static void sweep(struct front_thread *at, int64_t now_ms)
{
    bool look = now_ms - at->looked_ms >= LOOK_MS;

    if (look)
        at->looked_ms = now_ms;
    for (struct tls_link *link = at->first, *next; link; link = next) {
        next = link->next;
        if (look && link->state != TLS_OPEN)
            move(at, link, now_ms);
        if (link->state == TLS_OVER)
            drop(at, link);
    }
}

static void turn(struct front_thread *at)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(at->epoll, events, EVENTS_MAX, at->listens_from_ms ? REST_MS : LOOK_MS);
    int64_t now_ms = monotonic_ms();
    bool any_over = false, knocks = false;

    if (at->listens_from_ms && now_ms >= at->listens_from_ms)
        at->listens_from_ms = 0;
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == at) {
            waker_clear(&at->waker);
        } else if (events[i].data.ptr == at->front) {
            knocks = true;
        } else {
            struct tls_end *end = events[i].data.ptr;
            if (end == &end->link->net && events[i].events & (EPOLLHUP | EPOLLERR))
                end->link->state = TLS_OVER; /* nobody is there to be told */
            else if (end->link->state != TLS_OVER)
                move(at, end->link, now_ms);
            any_over |= end->link->state == TLS_OVER;
        }
    }
    if (knocks)
        accept_some(at, now_ms);
    if (any_over || now_ms - at->looked_ms >= LOOK_MS)
        sweep(at, now_ms);
    listen_or_not(at, now_ms);
}

static void *run(void *arg)
{
    struct front_thread *at = arg;
    int64_t until_ms = 0;

    (void)pthread_setname_np(pthread_self(), "tls"); /* for who looks at the threads */
    listen_or_not(at, monotonic_ms());
    while (!until_ms || (at->first && monotonic_ms() < until_ms)) {
        turn(at);
        if (!until_ms && atomic_load(&at->front->stopping))
            until_ms = monotonic_ms() + STOP_MS;
    }
    while (at->first)
        drop(at, at->first);
    return NULL;
}

/* ---- start and end ---- */

static bool start_thread(struct tls_front *front, struct front_thread *at)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = at};

    at->front = front;
    at->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (at->epoll < 0)
        return false;
    if (waker_init(&at->waker) != RC_OK) {
        (void)close(at->epoll); /* nothing is in it */
        return false;
    }
    if (epoll_ctl(at->epoll, EPOLL_CTL_ADD, at->waker.fd, &event) == 0 &&
        pthread_create(&at->thread, NULL, run, at) == 0)
        return true;
    waker_done(&at->waker);
    (void)close(at->epoll); /* likewise */
    return false;
}

enum rc tls_front_start(const struct tls_front_settings *settings, struct tls_front **out_front,
                        struct fault *fault)
{
    struct tls_front *front = calloc(1, sizeof *front);

    if (!front)
        return fault_no_memory(fault);
    front->settings = *settings;
    while (front->started < settings->threads && front->started < THREADS_MAX) {
        if (!start_thread(front, &front->threads[front->started])) {
            tls_front_stop(front);
            return fault_set(fault, RC_BUSY, "threads", "cannot start a thread");
        }
        front->started++;
    }
    *out_front = front;
    return RC_OK;
}

static void wake(struct tls_front *front)
{
    for (unsigned i = 0; i < front->started; i++)
        waker_wake(&front->threads[i].waker);
}

void tls_front_quiesce(struct tls_front *front)
{
    atomic_store(&front->quiesced, true);
    wake(front);
}

void tls_front_stop(struct tls_front *front)
{
    if (!front)
        return;
    atomic_store(&front->quiesced, true);
    atomic_store(&front->stopping, true);
    wake(front);
    for (unsigned i = 0; i < front->started; i++) {
        (void)pthread_join(front->threads[i].thread, NULL); /* it was started */
        waker_done(&front->threads[i].waker);
        (void)close(front->threads[i].epoll); /* nothing is in it any more */
    }
    free(front);
}
