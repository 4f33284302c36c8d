#include "http/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "http/life.h"

enum {
    BACKLOG = 1024,
    LONGEST_WAIT_MS = 60000,
    HELD_MAX = 128, /* looked at each turn, so not all there may be */
    HELD_WAIT_MS = 1, /* a wake-up comes sooner; this bounds what else may lie ready */
};

struct loop {
    struct MHD_Daemon *daemon;
    pthread_t thread;
    int wake; /* an eventfd */
    unsigned held;
    bool again; /* an answer lies ready to be sent */
    atomic_bool quiesce, stop, woken; /* woken: the eventfd was written and not read since */
};

static _Thread_local struct loop *current;

struct loop *loop_current(void)
{
    return current;
}

bool loop_hold(struct loop *loop)
{
    if (loop->held == HELD_MAX)
        return false;
    loop->held++;
    return true;
}

void loop_release(struct loop *loop)
{
    loop->held--;
    loop->again = true;
}

/* For the library a connection that is held is one to look at again at once. */
static int wait_ms(struct loop *loop)
{
    MHD_UNSIGNED_LONG_LONG ms;

    if (MHD_get_timeout(loop->daemon, &ms) != MHD_YES || ms > LONGEST_WAIT_MS)
        return LONGEST_WAIT_MS;
    return ms == 0 && loop->held ? HELD_WAIT_MS : (int)ms;
}

static void *run(void *arg)
{
    struct loop *loop = arg;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd ready[2] = {{.fd = info->epoll_fd, .events = POLLIN}, {.fd = loop->wake, .events = POLLIN}};
    bool quiet = false;

    current = loop;
    while (!atomic_load(&loop->stop)) {
        if (!quiet && atomic_load(&loop->quiesce)) {
            (void)MHD_quiesce_daemon(loop->daemon); /* the socket is the caller's */
            quiet = true;
        }
        if (!loop->again && poll(ready, 2, wait_ms(loop)) > 0 && ready[1].revents) {
            uint64_t count;
            ssize_t size = read(loop->wake, &count, sizeof count);
            (void)size; /* what was asked is in the flags */
            atomic_store(&loop->woken, false); /* before the turn: who is resumed from here on wakes it again */
        }
        loop->again = false;
        (void)MHD_run(loop->daemon); /* handles all that is ready, never waits */
    }
    if (!quiet)
        (void)MHD_quiesce_daemon(loop->daemon); /* or the stop would close the socket that others share */
    MHD_stop_daemon(loop->daemon);
    request_spares_free();
    return NULL;
}

enum rc loop_start(struct MHD_Daemon *daemon, struct loop **out_loop)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (!loop)
        return RC_BUSY;
    loop->daemon = daemon;
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wake < 0 || pthread_create(&loop->thread, NULL, run, loop) != 0) {
        if (loop->wake >= 0)
            (void)close(loop->wake); /* nothing was in it */
        free(loop);
        return RC_BUSY;
    }
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
    (void)close(loop->wake); /* nothing was in it */
    free(loop);
}

int loop_listen(const char *address, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1, fd;

    if (inet_pton(AF_INET, address, &at.sin_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one); /* without it a restart waits a minute */
    if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    (void)close(fd); /* it never listened */
    errno = why;
    return -1;
}
