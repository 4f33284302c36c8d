#include "http/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

struct listener {
    int fd;
    atomic_uint connections; /* the sum of the seats' */
    atomic_uint seat_count;
    struct seat *seats[LISTENER_SEATS_MAX]; /* written before seat_count */
};

/* -1: errno says why. */
static int listen_on(const struct addrinfo *at)
{
    int one = 1, fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    /* without it a restart waits a minute */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    /* as Linux does by default: "::" takes IPv4 too, whatever the system's setting says */
    if (at->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    (void)close(fd); /* it never listened */
    errno = why;
    return -1;
}

static const char *reason(void)
{
    return errno == EADDRINUSE      ? "it is in use"
           : errno == EACCES        ? "permission denied (a port below 1024 needs CAP_NET_BIND_SERVICE)"
           : errno == EADDRNOTAVAIL ? "this machine has no such address"
                                    : strerror(errno);
}

/* An address in figures, or "localhost", which is looked up in no network. */
static struct addrinfo *resolve(const char *address, uint16_t port)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV | AI_NUMERICHOST,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char service[8];

    (void)snprintf(service, sizeof service, "%u", port); /* fits */
    if (strcmp(address, "localhost") == 0)
        address = "127.0.0.1";
    return getaddrinfo(address, service, &hints, &found) == 0 ? found : NULL;
}

bool listener_takes(const char *address)
{
    struct addrinfo *at = resolve(address, 0);

    if (at)
        freeaddrinfo(at);
    return at != NULL;
}

enum rc listener_open(const char *address, uint16_t port, struct listener **out_listener, struct fault *fault)
{
    struct addrinfo *at = resolve(address, port);

    if (!at)
        return fault_set(fault, RC_INVALID, "listen", "must be an IPv4 or IPv6 address, or localhost");
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener)
        listener->fd = listen_on(at);
    bool has_colons = at->ai_family == AF_INET6;
    freeaddrinfo(at);
    if (!listener)
        return fault_no_memory(fault);
    if (listener->fd < 0) {
        enum rc rc = fault_text(fault, RC_INTERNAL, "cannot listen", "cannot listen on %s%s%s:%u: %s",
                                has_colons ? "[" : "", address, has_colons ? "]" : "", port, reason());
        free(listener);
        fault->field = "port";
        return rc;
    }
    *out_listener = listener;
    return RC_OK;
}

enum rc listener_open_inner(struct sockaddr_storage *out_address, socklen_t *out_size,
                            struct listener **out_listener, struct fault *fault)
{
    struct sockaddr none = {.sa_family = AF_UNIX}; /* the system makes up a name */
    struct listener *listener = calloc(1, sizeof *listener);

    if (!listener)
        return fault_no_memory(fault);
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *out_size = sizeof *out_address;
    if (listener->fd < 0 || bind(listener->fd, &none, sizeof none.sa_family) != 0 ||
        listen(listener->fd, BACKLOG) != 0 ||
        getsockname(listener->fd, (struct sockaddr *)out_address, out_size) != 0) {
        if (listener->fd >= 0)
            (void)close(listener->fd); /* nobody came */
        free(listener);
        return fault_text(fault, RC_INTERNAL, "cannot listen", "cannot listen for TLS: %s", strerror(errno));
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
