#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/worker.h"
#include "hub/hub.h"
#include "hub/outbox.h"
#include "hub/seats.h"
#include "hub/tickets.h"
#include "hub/topics.h"

/* The hub's inside: one client's stream and the state that the hub's files share. Everything here is the
 * hub's thread's own, but for what says otherwise. */

struct websocket;

/* Why a WebSocket ends; 1002 and 1007 are mostly the library's. Source: contract 6. */
enum {
    CLOSE_GOING_AWAY = 1001,
    CLOSE_PROTOCOL = 1002,
    CLOSE_POLICY = 1008,
    CLOSE_TOO_BIG = 1009,
    CLOSE_FAILED = 1011,
    CLOSE_TRY_LATER = 1013,
    CLOSE_UNAUTHORIZED = 4401,
};

/* Something to be done on the hub's thread; lies in what it is about. */
struct post {
    struct post *next;
    void (*run)(struct hub *hub, struct post *post);
};

enum subscriber_state {
    SUBSCRIBER_UNBORN,   /* its socket is still to come */
    SUBSCRIBER_CATCHING, /* what it missed comes from the log */
    SUBSCRIBER_JOINING,  /* the last of that; what happens meanwhile is held */
    SUBSCRIBER_LIVE,
    SUBSCRIBER_CLOSING, /* nothing more is told; what waits is sent, then it ends */
    SUBSCRIBER_OVER,    /* its socket is closed; freed when nobody has it any more */
};

/* What is being read from the log for a stream. */
struct catch_up {
    struct job job; /* first: the worker gives it back */
    struct post done;
    struct subscriber *stream;
    struct catch_up *next, *before; /* in the hub's line */
    void *past;                     /* NULL: not begun */
    uint64_t upto, covered;
    enum past_progress progress;
    bool in_line, running, begun; /* begun: it counts among those */
    atomic_bool unwanted;         /* its stream is over */
    struct outbox page;           /* the worker's while it runs */
    struct outbox held;           /* SUBSCRIBER_JOINING: what happened meanwhile */
};

struct subscriber {
    struct watcher watcher; /* first */
    struct hub *hub;
    struct subscriber *next, *before; /* of all; next: of the dying */
    struct subscriber *next_dirty;
    struct post arrival;
    struct caller caller;
    char *token;
    unsigned keys_version;
    struct hub_filter filter; /* its texts are behind this struct */
    uint32_t user_size, course_size, item_size;
    int fd;
    enum hub_form form;
    enum subscriber_state state;
    bool dirty, wants_room,
        wants_none; /* to be sent something; epoll tells when there is room; nothing is read */
    bool is_staff;  /* what it may see may change */
    bool rejoins; /* SUBSCRIBER_JOINING, and what happened meanwhile is in part to be read from the log too */
    uint64_t after; /* everything up to there was told, or was before its time */
    uint64_t rejoin_after;
    uint64_t told_us; /* monotonic, when the oldest of what it is to be sent was published; 0: nothing new */
    int64_t beat_ms, closing_ms; /* monotonic: the next heartbeat; when it ends whatever its client does */
    int64_t expires_ms;          /* wall clock; INT64_MAX: never */
    struct outbox outbox;
    struct catch_up *catch_up; /* NULL: none */
    struct websocket *websocket;
    char *ahead; /* what its client sent before the hub had the socket */
    size_t ahead_size, ahead_at;
    size_t unasked;    /* bytes that the client of an SSE sent */
    unsigned writes;   /* under way */
    bool said_goodbye; /* nothing more is sent */
    bool checking;     /* a worker looks at its token */
};

struct recheck;

struct hub {
    struct hub_settings settings;
    pthread_t thread;
    int epoll, wake;
    atomic_uint watched; /* streams there are, from hub_subscribe to their end */
    atomic_bool stopping;
    struct seats *seats;
    struct tickets *tickets;

    pthread_mutex_t lock; /* guards what follows */
    struct post *posts, *last_post;
    struct live_batch *batches, *last_batch;
    size_t batch_events;
    bool rights, woken;

    struct topics topics; /* the thread's own, as is what follows */
    struct subscriber *streams;
    struct subscriber *dirty,
        *last_dirty;                  /* something is to be sent to them; who waited longest comes first */
    struct subscriber *dying;         /* over, and somebody may still have them */
    struct catch_up *line, *line_end; /* those that wait to catch up */
    unsigned begun;                   /* those that do */
    uint64_t position;                /* of the last batch */
    size_t kept_bytes;                /* of messages */
    size_t incoming_bytes;            /* of messages that are being received */
    struct message *heartbeats[2];
    struct recheck *recheck;
    unsigned keys_version;
    bool recheck_again;
    int64_t now_ms, ticked_ms;
    unsigned count;
    int64_t rated_ms;                                   /* when the rate was last worked out, and how many */
    uint64_t rated_messages;                            /* messages there were */
    atomic_uint messages_per_1000_s;                    /* the rate */
    atomic_ullong messages, events, dropped, caught_up; /* figures */
    atomic_size_t waiting;
    uint64_t telling_us;      /* when the batch that is being told was published; 0: none is */
    struct histogram push_us; /* hub_push_times */
};

/* Has something done on the hub's thread, in order. Any thread. Defined in hub.c. */
void hub_post(struct hub *hub, struct post *post);
