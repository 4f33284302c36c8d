#include "http/tls_link.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HANDSHAKE_MS = 10000, /* reliability R28: as a head */
    LINGER_MS = 2000,     /* for the other side to take the last bytes before the socket is gone */
};

/* TLS 1.2 and 1.3, and of HTTP the version that there is. */
static bool prepare(struct tls_link *link)
{
    static const char versions[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE";
    gnutls_datum_t http = {(unsigned char[]){"http/1.1"}, 8};

    if (gnutls_init(&link->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) != 0) {
        link->session = NULL;
        return false;
    }
    if (gnutls_priority_set_direct(link->session, versions, NULL) != 0 ||
        gnutls_credentials_set(link->session, GNUTLS_CRD_CERTIFICATE, link->pair->credentials) != 0 ||
        gnutls_alpn_set_protocols(link->session, &http, 1, 0) != 0)
        return false;
    gnutls_transport_set_int(link->session, link->net.fd);
    return true;
}

struct tls_link *tls_link_new(int fd, struct tls_keys *keys, int64_t now_ms)
{
    struct tls_link *link = malloc(sizeof *link);

    if (!link) {
        (void)close(fd); /* nothing was said on it */
        return NULL;
    }
    link->next = link->previous = NULL;
    link->state = TLS_SHAKING_HANDS;
    link->session = NULL;
    link->net = (struct tls_end){link, fd, 0};
    link->inner = (struct tls_end){link, -1, 0};
    link->net_ended = link->inner_ended = link->inner_shut = false;
    link->until_ms = now_ms + HANDSHAKE_MS;
    link->up.at = link->up.size = link->down.at = link->down.size = 0;
    link->pair = tls_keys_take(keys);
    if (link->pair && prepare(link))
        return link;
    tls_link_free(link, keys);
    return NULL;
}

void tls_link_free(struct tls_link *link, struct tls_keys *keys)
{
    if (link->session)
        gnutls_deinit(link->session);
    tls_keys_give_back(keys, link->pair);
    (void)close(link->net.fd); /* what was to be sent was sent */
    if (link->inner.fd >= 0)
        (void)close(link->inner.fd); /* likewise */
    free(link);
}

static bool is_empty(const struct tls_bytes *bytes)
{
    return bytes->at == bytes->size;
}

static bool comes_later(ssize_t code)
{
    return code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED;
}

/* From the client to the server. True: something moved. */
static bool move_up(struct tls_link *link)
{
    struct tls_bytes *up = &link->up;
    bool moved = false;

    if (is_empty(up) && !link->net_ended) {
        ssize_t size = gnutls_record_recv(link->session, up->bytes, sizeof up->bytes);
        up->at = 0;
        up->size = size > 0 ? (size_t)size : 0;
        moved = size > 0;
        if (size <= 0 && !comes_later(size) && (size == 0 || gnutls_error_is_fatal((int)size))) {
            link->net_ended = true;
            moved = true;
        }
    }
    if (!is_empty(up)) {
        ssize_t size =
            send(link->inner.fd, up->bytes + up->at, up->size - up->at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size > 0)
            up->at += (size_t)size;
        else if (errno != EAGAIN && errno != EINTR)
            up->at = up->size; /* the server has ended; what it said last is still to be told */
        moved |= size > 0;
    }
    if (link->net_ended && is_empty(up) && !link->inner_shut) {
        (void)shutdown(link->inner.fd, SHUT_WR); /* it may be gone already */
        link->inner_shut = true;
    }
    return moved;
}

/* From the server to the client. True: something moved. */
static bool move_down(struct tls_link *link)
{
    struct tls_bytes *down = &link->down;
    bool moved = false;

    if (is_empty(down) && !link->inner_ended) {
        ssize_t size = recv(link->inner.fd, down->bytes, sizeof down->bytes, MSG_DONTWAIT);
        down->at = 0;
        down->size = size > 0 ? (size_t)size : 0;
        moved = size > 0;
        if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
            link->inner_ended = true;
            moved = true;
        }
    }
    if (!is_empty(down)) { /* the same bytes again, when it is to be asked again */
        ssize_t size = gnutls_record_send(link->session, down->bytes + down->at, down->size - down->at);
        if (size > 0)
            down->at += (size_t)size;
        else if (!comes_later(size))
            link->state = TLS_OVER;
        moved |= size > 0;
    }
    return moved;
}

static void shake_hands(struct tls_link *link, int (*connect)(void *arg), void *arg)
{
    int code;

    do
        code = gnutls_handshake(link->session);
    while (code != 0 && !comes_later(code) && !gnutls_error_is_fatal(code)); /* warnings */
    if (comes_later(code))
        return;
    link->inner.fd = code == 0 ? connect(arg) : -1;
    link->state = link->inner.fd < 0 ? TLS_OVER : TLS_OPEN;
}

/* The server has said all: so does TLS, and the socket stays until the client has taken it. A client that
 * still sends would else lose the answer to a reset. */
static void begin_to_linger(struct tls_link *link, int64_t now_ms)
{
    (void)gnutls_bye(link->session, GNUTLS_SHUT_WR); /* a full socket: the client sees the end without it */
    (void)shutdown(link->net.fd, SHUT_WR);           /* it may be gone already */
    link->state = TLS_LINGERING;
    link->until_ms = now_ms + LINGER_MS;
}

static void linger(struct tls_link *link)
{
    char away[4096];
    ssize_t size;

    do
        size = recv(link->net.fd, away, sizeof away, MSG_DONTWAIT);
    while (size > 0);
    if (size == 0 || (errno != EAGAIN && errno != EINTR))
        link->state = TLS_OVER;
}

void tls_link_move(struct tls_link *link, int (*connect)(void *arg), void *arg, int64_t now_ms)
{
    enum { TURNS_MAX = 16 }; /* then the others; the rest is there the next time */

    if (link->state == TLS_SHAKING_HANDS)
        shake_hands(link, connect, arg);
    for (int i = 0; i < TURNS_MAX && link->state == TLS_OPEN; i++) {
        bool moved = move_up(link);
        moved |= move_down(link);
        if (link->state == TLS_OPEN && link->inner_ended && is_empty(&link->down))
            begin_to_linger(link, now_ms);
        if (!moved)
            break;
    }
    if (link->state == TLS_LINGERING)
        linger(link);
    if (link->until_ms <= now_ms && (link->state == TLS_SHAKING_HANDS || link->state == TLS_LINGERING))
        link->state = TLS_OVER;
}

uint32_t tls_link_wants(const struct tls_link *link, const struct tls_end *end)
{
    switch (link->state) {
    case TLS_SHAKING_HANDS:
        return end != &link->net ? 0 : gnutls_record_get_direction(link->session) ? EPOLLOUT : EPOLLIN;
    case TLS_OPEN:
        if (end == &link->net)
            return (is_empty(&link->up) && !link->net_ended ? (uint32_t)EPOLLIN : 0) |
                   (is_empty(&link->down) ? 0 : (uint32_t)EPOLLOUT);
        return (is_empty(&link->down) && !link->inner_ended ? (uint32_t)EPOLLIN : 0) |
               (is_empty(&link->up) ? 0 : (uint32_t)EPOLLOUT);
    case TLS_LINGERING:
        return end == &link->net ? EPOLLIN : 0;
    default:
        return 0;
    }
}
