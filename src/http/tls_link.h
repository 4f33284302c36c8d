#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "http/tls_keys.h"

/* One connection of a tls_front: TLS on one side, plain bytes on the other. One thread. */

enum { TLS_LINK_BYTES = 16 * 1024 }; /* a TLS record's */

struct tls_link;

/* One of a link's two descriptors, as epoll knows it. */
struct tls_end {
    struct tls_link *link;
    int fd;          /* -1: not there (yet) */
    uint32_t wanted; /* what epoll looks for; 0: it is not with epoll */
};

/* Bytes on their way: bytes[at..size). */
struct tls_bytes {
    size_t at, size;
    char bytes[TLS_LINK_BYTES];
};

enum tls_link_state { TLS_SHAKING_HANDS, TLS_OPEN, TLS_LINGERING, TLS_OVER };

struct tls_link {
    struct tls_link *next, *previous;
    enum tls_link_state state;
    gnutls_session_t session;
    struct tls_pair *pair;
    struct tls_end net, inner;
    bool net_ended, inner_ended, inner_shut;
    int64_t until_ms; /* shaking hands, lingering: the deadline */
    struct tls_bytes up, down;
};

/* A link for an accepted socket, which it takes. NULL: out of memory, or no certificate; the socket is
 * closed. */
struct tls_link *tls_link_new(int fd, struct tls_keys *keys, int64_t now_ms);

/* Closes and frees. */
void tls_link_free(struct tls_link *link, struct tls_keys *keys);

/* Moves what can be moved without waiting. connect gives a socket to the server: asked once, when hands are
 * shaken; -1: there is none. After it, tls_link_wants says what to wait for. */
void tls_link_move(struct tls_link *link, int (*connect)(void *arg), void *arg, int64_t now_ms);

/* What epoll is to look for at an end of the link; 0: nothing. */
uint32_t tls_link_wants(const struct tls_link *link, const struct tls_end *end);
