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
    struct subscriber *dirty;
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
};

/* ---- hub.c ---- */

/* Has something done on the hub's thread, in order. Any thread. */
void hub_post(struct hub *hub, struct post *post);

/* ---- subscriber.c ---- */

/* One that has a place already, without a socket; NULL: out of memory. Any thread. */
struct subscriber *subscriber_new(struct hub *hub, const struct hub_wish *wish);

/* One that never got its socket. Any thread. */
void subscriber_discard(struct subscriber *stream);

/* What the kernel is to do with its socket. */
void subscriber_tune(int fd);

/* Its socket is ready for something: epoll's flags. */
void subscriber_look(struct subscriber *stream, uint32_t ready);

/* Ends it when its reader is too slow. */
void subscriber_drop_if_late(struct subscriber *stream);

/* At the end of a turn: sends what is to be sent, and says to how many. */
unsigned subscribers_flush(struct hub *hub);
/* Frees those that are over and that nobody has any more. */
void subscribers_bury(struct hub *hub);

/* Its socket and all that it holds go; the struct follows when nobody has it. */
void subscriber_end(struct subscriber *stream);

/* Something was added to its outbox: sent at the turn's end. */
void subscriber_touch(struct subscriber *stream);

/* Adds a message; ends the stream when its reader is too slow, or memory is short. */
void subscriber_say(struct subscriber *stream, struct message *message);

/* Says goodbye: a WebSocket gets the code; what waits is sent, then it ends. */
void subscriber_close(struct subscriber *stream, uint16_t code, const char *why);

/* Whether what its client sends is read. */
void subscriber_listen(struct subscriber *stream, bool reads);

/* Begins to be told what happens. False: out of memory. */
bool subscriber_watch(struct subscriber *stream);
/* From here on it is told nothing. */
void subscriber_unwatch(struct subscriber *stream);

/* Whether the event passes its filter. */
bool subscriber_wants(const struct subscriber *stream, const struct live_event *event);

/* ---- telling.c ---- */

/* Tells everybody what the batch holds. */
void tell_batch(struct hub *hub, const struct live_batch *batch);

/* Ends the streams of those who may no longer see what they see; before anything is told that happened after
 * that. */
void tell_rights(struct hub *hub);

/* ---- clock.c ---- */

/* Four times a second. */
void clock_tick(struct hub *hub);

/* The next heartbeat is a whole while away. */
void clock_wind(struct subscriber *stream);

/* ---- catch_up.c ---- */

/* Tells it what it missed after stream->after, then it goes live; at once when that is nothing. */
void catch_up_start(struct subscriber *stream);

/* Its client took something: goes on when little waits. */
void catch_up_more(struct subscriber *stream);

/* A place may be free: those that wait for one begin. */
void catch_up_continue(struct hub *hub);

/* Gives up what it had begun. What a worker has comes back by itself. */
void catch_up_stop(struct subscriber *stream);

/* A client that takes nothing gives its place to others; asked now and then. */
void catch_up_yield(struct subscriber *stream);

/* ---- websocket.c ---- */

/* Reads what came. False: the connection is over. */
bool websocket_read(struct subscriber *stream);

/* Sends a text. */
void websocket_text(struct subscriber *stream, const char *text, size_t size);
/* Sends a close with its code and a reason; code 0: nothing. */
void websocket_close(struct subscriber *stream, uint16_t code, const char *why);

/* Whether both sides have said goodbye. */
bool websocket_is_over(const struct subscriber *stream);

/* Whether a message has been on its way for too long. */
bool websocket_is_late(const struct subscriber *stream);

/* Frees what the subscriber's WebSocket holds. Fine for one that has none. */
void websocket_free(struct subscriber *stream);

/* ---- recheck.c ---- */

/* The keys may have changed: every token is looked at again, by the workers. */
void recheck_start(struct hub *hub);
/* What a recheck still holds, once the workers are gone. Fine when none runs. */
void recheck_free(struct hub *hub);
