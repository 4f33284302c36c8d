#pragma once

#include "base/buf.h"
#include "base/caller.h"
#include "base/fault.h"
#include "base/histogram.h"
#include "base/worker.h"
#include "core/live.h"

/* Who watches, and what they are told. A stream is one client's, as Server-Sent Events or as a WebSocket; the
 * hub has its socket from the moment that its head was answered. One thread of the hub's own does all that
 * concerns streams: it takes what the engine published, writes each message once in each form, and sends it
 * to all whose filter it passes (subscriber.h; a WebSocket's answers are websocket.c's). Who missed something
 * gets it from the log first, read by the workers a page at a time; then live, without gap or repeat. Source:
 * contract 6, realtime. */

struct hub;
struct subscriber;

enum hub_form { HUB_SSE, HUB_WEBSOCKET };

/* What a stream is about: all that are given must fit. NULL: any. NUL-terminated, normalized. */
struct hub_filter {
    const char *user, *course, *item;
    bool hides_previews; /* who watches is neither their author nor may see all of a person */
};

/* A message that came over a WebSocket, to be answered once with hub_answer. */
struct hub_write {
    const struct caller *caller; /* as long as it is not answered */
    const char *bytes;
    size_t size;
    bool is_text;   /* else it came as a binary message */
    void *answerer; /* the answerer's own */
};

enum past_progress { PAST_MORE, PAST_OVER, PAST_GAP, PAST_FAILED };

/* What the hub needs of others. Called from the hub's thread and from workers, as said. */
struct hub_source {
    void *of;
    int64_t (*now_ms)(void);         /* the wall clock */
    uint64_t (*published)(void *of); /* sequence of the last published event; any thread */
    void (*encode)(const struct live_event *event, struct buf *out); /* one JSON object; any thread */
    bool (*may)(void *of, const struct caller *caller,
                const struct hub_filter *filter); /* short; hub's thread */
    unsigned (*keys_version)(void *of);           /* another number once the keys changed; hub's thread */
    bool (*token_holds)(void *of,
                        const char *token); /* may take a fraction of a millisecond; a worker's thread */

    /* The messages after one sequence up to another that pass the filter, from the log; a worker's thread.
     * Each step does some milliseconds of work, visits what it found in order until visit says that it is
     * enough, and says in *out_covered up to where nothing is missing. PAST_GAP, by the first steps alone:
     * there are too many, none was visited. */
    enum rc (*past_open)(void *of, const struct hub_filter *filter, uint64_t after, uint64_t upto,
                         void **out_past);
    enum past_progress (*past_step)(void *past, bool (*visit)(void *arg, const struct live_event *event),
                                    void *arg, uint64_t *out_covered);
    void (*past_close)(void *past); /* any thread */

    /* Takes a message; answers with hub_answer, now or later. Hub's thread, so nothing long. */
    void (*write)(void *of, struct hub_write *write);
};

struct hub_settings {
    struct hub_source source;
    struct worker *worker;
    uint64_t line_seed;   /* as face's: which line of the workers a caller has */
    unsigned per_user;    /* streams of one user; 0: as many as there may be */
    unsigned streams_max; /* in all */
    unsigned whole_ms;    /* a message over a WebSocket is whole so soon; 0: a minute (reliability R28) */
};

/* Starts the hub's thread. The settings are copied, the worker outlives the hub. Errors: RC_BUSY: no memory,
 * no descriptor or no thread. */
MUST_CHECK enum rc hub_new(const struct hub_settings *settings, struct hub **out_hub, struct fault *fault);

/* What was sent over WebSockets is answered, then every stream ends (1001), and none begins any more. Workers
 * and engine still run. */
void hub_stop(struct hub *hub);

/* After hub_stop, once the workers are closed and before the engine is: takes what came back since. */
void hub_settle(struct hub *hub);

/* After that; whatever hub_subscribe gave is given or dropped. A hub that somebody still has to answer is
 * left: the process is ending. NULL is fine, for all three. */
void hub_free(struct hub *hub);

/* ---- the engine's side ---- */

/* Whom to give to the engine. */
struct live_sink hub_sink(struct hub *hub);

/* ---- subscribing ---- */

struct hub_wish {
    enum hub_form form;
    const struct caller *caller; /* copied, as is all else */
    const char *token;           /* NULL: none was needed */
    unsigned keys_version;       /* under which it was verified */
    struct hub_filter filter;
    bool has_after;
    uint64_t after; /* all that comes after it; without: what happens from now on */
};

/* A place for a stream, which misses nothing from here on; its socket follows. Errors: RC_TOO_MANY, the user
 * has as many as one may; RC_BUSY, there are as many as may be, or no memory, or the hub is stopping. Any
 * thread. */
MUST_CHECK enum rc hub_subscribe(struct hub *hub, const struct hub_wish *wish, struct subscriber **out_stream,
                                 struct fault *fault);

/* Its head was answered: the socket is the hub's, and what its client sent ahead, copied. Takes stream and
 * socket; without memory for the copy a WebSocket ends (1013). Any thread. */
void hub_give(struct subscriber *stream, int fd, const char *ahead, size_t size);

/* Its client is gone before that. Any thread. */
void hub_drop(struct subscriber *stream);

/* Runs something about a write that is not answered yet, on the hub's thread. One at a time. Any thread. */
void hub_later(struct hub_write *write, void (*run)(struct hub_write *write));

/* Once for each write, from any thread: sends the text, copied; empty: nothing is sent. NULL: there was
 * no memory for the answer, which may be that all is stored; then, and without memory for the copy, the
 * stream ends (1013), and what its client missed comes from the log. The write is gone then. */
void hub_answer(struct hub_write *write, const char *text, size_t size);

/* ---- tickets: a browser cannot send a header with EventSource or WebSocket ---- */

enum { TICKET_BYTES = 44, TICKET_S = 30 };

/* A ticket for the caller, good once within TICKET_S; NUL-terminated. Errors: RC_TOO_MANY, the user has many
 * that are not used; RC_BUSY. Any thread. */
MUST_CHECK enum rc hub_ticket(struct hub *hub, const struct caller *caller, const char *token,
                              unsigned keys_version, char out_ticket[TICKET_BYTES], struct fault *fault);

/* Whether a text has a ticket's form. */
bool hub_is_ticket(const char *text);

/* Spends it. *out_token is the caller's to free; NULL when none was needed. False: it is none, or no more. */
bool hub_spend_ticket(struct hub *hub, const char *ticket, struct caller *out_caller, char **out_token,
                      unsigned *out_keys_version);

/* ---- figures ---- */

struct hub_state {
    unsigned streams;
    uint64_t messages;          /* sent since the start, one for each who was told */
    double messages_per_second; /* of the last whole second or so; 0 when nobody watches */
    uint64_t events;            /* that somebody was told of */
    uint64_t dropped;           /* streams that ended because their reader was too slow */
    uint64_t caught_up;         /* messages that came from the log */
    size_t waiting_bytes;       /* of all messages that are kept, those half received too */
};

/* How the hub is doing. Any thread. */
struct hub_state hub_state(struct hub *hub);

/* How long it took from a commit's publish until it was first offered to a stream's socket
 * (histogram_steps_us); one for each time that a stream was sent something new. The hub's own. */
const struct histogram *hub_push_times(const struct hub *hub);
