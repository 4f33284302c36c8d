#include "http/loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/monotonic.h"
#include "http/suspend.h"
#include "http/listener.h"

enum {
    LONGEST_WAIT_MS = 60000,
    ACCEPTS_MAX = 64,  /* a turn */
    WATCHED_MAX = 128, /* looked at each turn, so not all there may be */
    NO_TURN_MS = 1000, /* looks again by itself whether it may take a connection */
    /* no descriptor is free: look again so much later, however many knock (reliability R29) */
    SHORT_OF_FDS_MS = 100,
    LAST_TURNS = 3,
    LEAVE_MS = 500,      /* at the end, for those that are suspended: they were resumed, or somebody hangs */
    WATCHED_WAIT_MS = 1, /* a wake-up comes sooner; this bounds what else may lie ready */
};

struct loop {
    struct loop_settings settings;
    pthread_t thread;
    int wake; /* an eventfd */
    atomic_uint connections;
    atomic_int suspended;
    uint64_t rests_until_us;      /* takes no connection until then */
    struct request *first, *last; /* set aside in this turn */
    unsigned watched;
    bool again;     /* an answer lies ready to be sent */
    bool took;      /* a connection, in this turn */
    unsigned fresh; /* taken and not counted yet: libmicrohttpd 1.0 says in the turn after that it has them */
    bool has_turn;  /* looks at the listening socket */
    atomic_bool quiesce, stop, woken; /* woken: the eventfd was written and not read since */
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

void loop_defer(struct loop *loop, struct request *request)
{
    request->next_waiting = NULL;
    if (loop->last)
        loop->last->next_waiting = request;
    else
        loop->first = request;
    loop->last = request;
}

void loop_unwatch(struct loop *loop)
{
    loop->watched--;
    loop->again = true;
}

void loop_count_suspended(struct loop *loop, int change)
{
    atomic_fetch_add(&loop->suspended, change);
}

void loop_count(struct loop *loop, int change)
{
    if (change > 0 && loop->fresh)
        loop->fresh--;
    atomic_fetch_add(&loop->connections, (unsigned)change);
    listener_count(loop->settings.listener, change);
}

unsigned loop_connections(const struct loop *loop)
{
    return atomic_load(&loop->connections);
}

static bool may_accept(struct loop *loop)
{
    unsigned connections = atomic_load(&loop->connections) + loop->fresh;

    if (loop->rests_until_us && monotonic_us() >= loop->rests_until_us)
        loop->rests_until_us = 0;
    return !atomic_load(&loop->quiesce) && !loop->rests_until_us &&
           connections < loop->settings.connections_max &&
           listener_has_turn(loop->settings.listener, connections, loop->fresh);
}

static void accept_some(struct loop *loop)
{
    for (int i = 0; i < ACCEPTS_MAX && may_accept(loop); i++) {
        struct sockaddr_storage from;
        socklen_t size = sizeof from;
        int fd = accept4(listener_fd(loop->settings.listener), (struct sockaddr *)&from, &size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
                loop->rests_until_us = monotonic_us() + SHORT_OF_FDS_MS * 1000;
            return;
        }
        loop->fresh++;
        loop->took = true;
        /* closes what it cannot take */
        (void)MHD_add_connection(loop->settings.daemon, fd, (struct sockaddr *)&from, size);
    }
}

/* For the library a connection that waits is one to look at again at once. */
static int wait_ms(struct loop *loop)
{
    MHD_UNSIGNED_LONG_LONG ms;
    int longest = loop->rests_until_us ? SHORT_OF_FDS_MS : loop->has_turn ? LONGEST_WAIT_MS : NO_TURN_MS;

    if (MHD_get_timeout(loop->settings.daemon, &ms) != MHD_YES || ms > (MHD_UNSIGNED_LONG_LONG)longest)
        return longest;
    return ms == 0 && loop->watched ? WATCHED_WAIT_MS : (int)ms;
}

/* Sleeps until something is to be done. */
static void rest(struct loop *loop, int epoll)
{
    enum { CLIENTS, WAKE, KNOCKS };
    loop->has_turn = may_accept(loop);
    struct pollfd ready[] = {
        [CLIENTS] = {.fd = epoll, .events = POLLIN},
        [WAKE] = {.fd = loop->wake, .events = POLLIN},
        [KNOCKS] = {.fd = loop->has_turn ? listener_fd(loop->settings.listener) : -1, .events = POLLIN},
    };

    if (poll(ready, sizeof ready / sizeof *ready, wait_ms(loop)) <= 0)
        return;
    if (ready[WAKE].revents) {
        uint64_t count;
        ssize_t size = read(loop->wake, &count, sizeof count);
        (void)size;                        /* what was asked is in the flags */
        atomic_store(&loop->woken, false); /* before the turn: who is resumed from here on wakes it again */
    }
    if (ready[KNOCKS].revents)
        accept_some(loop);
}

static void turn(struct loop *loop, int epoll)
{
    if (!loop->again)
        rest(loop, epoll);
    loop->again = false;
    (void)MHD_run(loop->settings.daemon); /* handles all that is ready, never waits */
    if (loop->took)
        listener_pass_turn(loop->settings.listener); /* all are counted now */
    loop->took = false;
    loop->fresh = 0;
    struct request *first = loop->first;
    loop->first = loop->last = NULL;
    if (first)
        loop->settings.turn_over(loop->settings.arg, first);
}

/* The library aborts the process when a daemon is stopped that has a suspended connection. Whoever is late
 * with one keeps the daemon: the process ends without it. */
static void leave(struct loop *loop, int epoll)
{
    int64_t until_ms = monotonic_ms() + LEAVE_MS;

    while (atomic_load(&loop->suspended) && monotonic_ms() < until_ms) {
        /* woken early: looks again */
        (void)poll(&(struct pollfd){.fd = loop->wake, .events = POLLIN}, 1, 10);
        loop->again = true;
        turn(loop, epoll);
    }
    for (int i = 0; i < LAST_TURNS; i++) {
        loop->again = true; /* what was answered last is sent */
        turn(loop, epoll);
    }
    if (atomic_load(&loop->suspended) == 0)
        MHD_stop_daemon(loop->settings.daemon);
}

static void *run(void *arg)
{
    struct loop *loop = arg;
    int epoll = MHD_get_daemon_info(loop->settings.daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;

    /* for who looks at the threads; 15 bytes at most */
    (void)pthread_setname_np(pthread_self(), "http loop");
    current = loop;
    while (!atomic_load(&loop->stop))
        turn(loop, epoll);
    leave(loop, epoll);
    request_spares_free();
    return NULL;
}

enum rc loop_start(const struct loop_settings *settings, struct loop **out_loop)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (!loop)
        return RC_BUSY;
    loop->settings = *settings;
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake < 0 || pthread_create(&loop->thread, NULL, run, loop) != 0) {
        if (loop->wake >= 0)
            (void)close(loop->wake); /* nothing was in it */
        free(loop);
        return RC_BUSY;
    }
    listener_join(settings->listener, loop);
    *out_loop = loop;
    return RC_OK;
}

void loop_wake(struct loop *loop)
{
    uint64_t one = 1;

    if (atomic_exchange(&loop->woken, true))
        return;
    ssize_t size = write(loop->wake, &one, sizeof one);
    (void)size; /* full means that it is awake */
}

void loop_quiesce(struct loop *loop)
{
    atomic_store(&loop->quiesce, true);
    loop_wake(loop);
}

void loop_stop(struct loop *loop)
{
    if (!loop)
        return;
    atomic_store(&loop->stop, true);
    loop_wake(loop);
    (void)pthread_join(loop->thread, NULL); /* it was started */
    if (atomic_load(&loop->suspended))
        return;              /* who is late with a request still wakes it: the process is ending */
    (void)close(loop->wake); /* nothing was in it */
    free(loop);
}
