#include "http/listener.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

struct listener {
    int fd;
    atomic_uint connections; /* the sum of the seats' */
    atomic_uint seat_count;
    struct seat *seats[LISTENER_SEATS_MAX]; /* written before seat_count */
};

static int listen_on(const struct sockaddr_in *at)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    /* without it a restart waits a minute */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (const struct sockaddr *)at, sizeof *at) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    (void)close(fd); /* it never listened */
    return -1;
}

enum rc listener_open(const char *address, uint16_t port, struct listener **out_listener, struct fault *fault)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};

    if (inet_pton(AF_INET, address, &at.sin_addr) != 1)
        return fault_set(fault, RC_INVALID, "listen", "must be an IPv4 address");
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return fault_no_memory(fault);
    listener->fd = listen_on(&at);
    if (listener->fd < 0) {
        free(listener);
        enum rc rc = fault_text(fault, RC_INTERNAL, "cannot listen", "cannot listen on %s:%u (is it in use?)",
                                address, port);
        fault->field = "port";
        return rc;
    }
    *out_listener = listener;
    return RC_OK;
}

void listener_shut(struct listener *listener)
{
    (void)shutdown(listener->fd, SHUT_RDWR); /* refuse at once; closed when no loop can still look at it */
}

void listener_close(struct listener *listener)
{
    if (!listener)
        return;
    (void)close(listener->fd); /* nothing was written to it */
    free(listener);
}

void listener_join(struct listener *listener, struct seat *seat)
{
    listener->seats[atomic_load(&listener->seat_count)] = seat;
    atomic_fetch_add(&listener->seat_count, 1);
}

int listener_fd(const struct listener *listener)
{
    return listener->fd;
}

void listener_count(struct listener *listener, struct seat *seat, int change)
{
    atomic_fetch_add(&seat->connections, (unsigned)change);
    atomic_fetch_add(&listener->connections, (unsigned)change);
}

bool listener_may_accept(const struct listener *listener, const struct seat *seat, unsigned uncounted)
{
    unsigned has = atomic_load(&seat->connections) + uncounted;
    unsigned all = atomic_load(&listener->connections) + uncounted;

    return has * atomic_load(&listener->seat_count) <= all + all / 8;
}

void listener_wake_next(struct listener *listener, const struct seat *taker)
{
    struct seat *least = NULL;

    for (unsigned i = 0; i < atomic_load(&listener->seat_count); i++)
        if (!least || atomic_load(&listener->seats[i]->connections) < atomic_load(&least->connections))
            least = listener->seats[i];
    if (least && least != taker)
        waker_wake(&least->waker);
}
