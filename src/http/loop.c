#include "http/loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "base/monotonic.h"
#include "http/listener.h"
#include "http/request_pool.h"

enum {
    LONGEST_WAIT_MS = 60000,
    ACCEPTS_MAX = 64,        /* a turn */
    WATCHED_MAX = 128,       /* looked at each turn, so not all there may be */
    NOT_ACCEPTING_MS = 1000, /* looks again by itself whether it may take a connection */
    /* no descriptor is free: look again so much later, however many knock (reliability R29) */
    SHORT_OF_FDS_MS = 100,
    LAST_TURNS = 3,
    LEAVE_MS = 500,      /* at the end, for those that are suspended: they were resumed, or somebody hangs */
    WATCHED_WAIT_MS = 1, /* a wake-up comes sooner; this bounds what else may lie ready */
};

struct loop {
    struct loop_settings settings;
    pthread_t thread;
    int epoll; /* the daemon's: its clients */
    struct seat seat;
    struct request_pool requests;
    atomic_int suspended;
    struct request *first_deferred, *last_deferred; /* in this turn */
    unsigned watched;
    bool answer_ready;  /* the next turn does not wait */
    bool accepted;      /* a connection, in this turn */
    unsigned uncounted; /* accepted in this turn: libmicrohttpd 1.0 says in the turn after that it has them */
    bool may_accept;    /* looks at the listening socket while it waits */
    uint64_t accepts_from_us; /* no descriptor was free: nothing is accepted until then; 0: at once */
    atomic_bool quiesce, stop;
};

static _Thread_local struct loop *current;

struct loop *loop_current(void)
{
    return current;
}

bool loop_watch(struct loop *loop)
{
    if (loop->watched == WATCHED_MAX)
        return false;
    loop->watched++;
    return true;
}

struct request_pool *loop_requests(struct loop *loop)
{
    return &loop->requests;
}

void loop_defer(struct loop *loop, struct request *request)
{
    request->next_waiting = NULL;
    if (loop->last_deferred)
        loop->last_deferred->next_waiting = request;
    else
        loop->first_deferred = request;
    loop->last_deferred = request;
}

void loop_unwatch(struct loop *loop)
{
    loop->watched--;
    loop->answer_ready = true;
}

void loop_count_suspended(struct loop *loop, int change)
{
    atomic_fetch_add(&loop->suspended, change);
}

void loop_count(struct loop *loop, int change)
{
    if (change > 0 && loop->uncounted)
        loop->uncounted--;
    listener_count(loop->settings.listener, &loop->seat, change);
}

/* ---- the phases of a turn ---- */

static bool may_accept(struct loop *loop)
{
    unsigned connections = atomic_load(&loop->seat.connections) + loop->uncounted;

    if (loop->accepts_from_us && monotonic_us() >= loop->accepts_from_us)
        loop->accepts_from_us = 0;
    return !atomic_load(&loop->quiesce) && !loop->accepts_from_us &&
           connections < loop->settings.connections_max &&
           listener_may_accept(loop->settings.listener, &loop->seat, loop->uncounted);
}

static void accept_connections(struct loop *loop)
{
    for (int i = 0; i < ACCEPTS_MAX && may_accept(loop); i++) {
        struct sockaddr_storage from;
        socklen_t size = sizeof from;
        int fd = accept4(listener_fd(loop->settings.listener), (struct sockaddr *)&from, &size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
                loop->accepts_from_us = monotonic_us() + SHORT_OF_FDS_MS * 1000;
            return;
        }
        loop->uncounted++;
        loop->accepted = true;
        /* closes what it cannot take */
        (void)MHD_add_connection(loop->settings.daemon, fd, (struct sockaddr *)&from, size);
    }
}

/* For the library a connection that waits is one to look at again at once. */
static int wait_ms(struct loop *loop)
{
    MHD_UNSIGNED_LONG_LONG ms;
    int longest = loop->accepts_from_us ? SHORT_OF_FDS_MS
                  : loop->may_accept    ? LONGEST_WAIT_MS
                                        : NOT_ACCEPTING_MS;

    if (MHD_get_timeout(loop->settings.daemon, &ms) != MHD_YES || ms > (MHD_UNSIGNED_LONG_LONG)longest)
        return longest;
    return ms == 0 && loop->watched ? WATCHED_WAIT_MS : (int)ms;
}

/* Until a client sends, reads or knocks, or the loop is woken. True: somebody knocks. */
static bool wait_for_events(struct loop *loop)
{
    enum { CLIENTS, WAKER, KNOCKS };
    loop->may_accept = may_accept(loop);
    struct pollfd ready[] = {
        [CLIENTS] = {.fd = loop->epoll, .events = POLLIN},
        [WAKER] = {.fd = loop->seat.waker.fd, .events = POLLIN},
        [KNOCKS] = {.fd = loop->may_accept ? listener_fd(loop->settings.listener) : -1, .events = POLLIN},
    };

    if (poll(ready, sizeof ready / sizeof *ready, wait_ms(loop)) <= 0)
        return false;
    if (ready[WAKER].revents)
        waker_clear(&loop->seat.waker); /* before the clients are served: they see what it was woken for */
    return ready[KNOCKS].revents != 0;
}

/* Reads, judges, handles and answers all that is ready; never waits. */
static void serve_clients(struct loop *loop)
{
    (void)MHD_run(loop->settings.daemon); /* it fails for a daemon with a thread alone */
    if (loop->accepted)
        listener_wake_next(loop->settings.listener, &loop->seat); /* those it took are counted now */
    loop->accepted = false;
    loop->uncounted = 0;
}

static void hand_on_deferred(struct loop *loop)
{
    struct request *first = loop->first_deferred;

    loop->first_deferred = loop->last_deferred = NULL;
    if (first)
        loop->settings.turn_over(loop->settings.context, first);
}

static void turn(struct loop *loop)
{
    bool knocks = !loop->answer_ready && wait_for_events(loop);

    loop->answer_ready = false;
    if (knocks)
        accept_connections(loop);
    serve_clients(loop);
    hand_on_deferred(loop);
}

/* ---- the thread ---- */

/* A turn that waits for nothing. */
static void turn_at_once(struct loop *loop)
{
    loop->answer_ready = true;
    turn(loop);
}

/* The library aborts the process when a daemon is stopped that has a suspended connection. Whoever is late
 * with one keeps the daemon: the process ends without it. */
static void leave(struct loop *loop)
{
    int64_t until_ms = monotonic_ms() + LEAVE_MS;

    while (atomic_load(&loop->suspended) && monotonic_ms() < until_ms) {
        /* woken early: looks again */
        (void)poll(&(struct pollfd){.fd = loop->seat.waker.fd, .events = POLLIN}, 1, 10);
        turn_at_once(loop);
    }
    for (int i = 0; i < LAST_TURNS; i++)
        turn_at_once(loop); /* what was answered last is sent */
    if (atomic_load(&loop->suspended) == 0)
        MHD_stop_daemon(loop->settings.daemon);
}

static void *run(void *arg)
{
    struct loop *loop = arg;

    /* for who looks at the threads; 15 bytes at most */
    (void)pthread_setname_np(pthread_self(), "http loop");
    current = loop;
    while (!atomic_load(&loop->stop))
        turn(loop);
    leave(loop);
    request_pool_done(&loop->requests);
    return NULL;
}

enum rc loop_start(const struct loop_settings *settings, struct loop **out_loop)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (!loop)
        return RC_BUSY;
    loop->settings = *settings;
    loop->epoll = MHD_get_daemon_info(settings->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    if (waker_init(&loop->seat.waker) != RC_OK || pthread_create(&loop->thread, NULL, run, loop) != 0) {
        waker_done(&loop->seat.waker);
        free(loop);
        return RC_BUSY;
    }
    listener_join(settings->listener, &loop->seat);
    *out_loop = loop;
    return RC_OK;
}

void loop_wake(struct loop *loop)
{
    waker_wake(&loop->seat.waker);
}

void loop_quiesce(struct loop *loop)
{
    atomic_store(&loop->quiesce, true);
    loop_wake(loop);
}

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->stop, true);
    loop_wake(loop);
    (void)pthread_join(loop->thread, NULL); /* it was started */
}

void loop_free(struct loop *loop)
{
    if (!loop || atomic_load(&loop->suspended))
        return; /* who is late with a request still wakes it: the process is ending */
    waker_done(&loop->seat.waker);
    free(loop);
}
