#include "hub/hub_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/monotonic.h"
#include "hub/catch_up.h"
#include "hub/clock.h"
#include "hub/recheck.h"
#include "hub/subscriber.h"
#include "hub/telling.h"
#include "hub/websocket.h"

enum {
    READY_MAX = 32, /* streams that are read in one turn: all of it is done before anybody is told anything */
    TICK_MS = 250,
    REST_US = 800,            /* between two turns of sending */
    STOP_MS = 2000,           /* as long as a stream says goodbye, at most */
    BATCH_EVENTS_MAX = 65536, /* that wait for the hub; those past it are read from the log */
    NICE = 5,                 /* as the workers: loops and engine come first */
};

/* ---- inbox ---- */

static void wake(struct hub *hub)
{
    uint64_t one = 1;
    ssize_t size = write(hub->wake, &one, sizeof one);

    (void)size; /* full means that it is awake */
}

/* Lock held. Whether the thread must be woken. */
static bool must_wake(struct hub *hub)
{
    bool woken = hub->woken;

    hub->woken = true;
    return !woken;
}

void hub_post(struct hub *hub, struct post *post)
{
    post->next = NULL;
    (void)pthread_mutex_lock(&hub->lock);
    *(hub->last_post ? &hub->last_post->next : &hub->posts) = post;
    hub->last_post = post;
    bool wakes = must_wake(hub);
    (void)pthread_mutex_unlock(&hub->lock);
    if (wakes)
        wake(hub);
}

static void rights_changed(void *of)
{
    struct hub *hub = of;

    if (atomic_load(&hub->watched) == 0)
        return;
    (void)pthread_mutex_lock(&hub->lock);
    hub->rights = true;
    bool wakes = must_wake(hub);
    (void)pthread_mutex_unlock(&hub->lock);
    if (wakes)
        wake(hub);
}

static void free_batch(struct live_batch *batch)
{
    if (!batch)
        return;
    free(batch->events);
    free(batch->ids);
    free(batch);
}

/* One that says no more than that there are events: in place of what is not there, or is too much. */
static struct live_batch *hole(struct live_batch *from, uint64_t first, uint64_t last, bool rights)
{
    free_batch(from);
    struct live_batch *batch = calloc(1, sizeof *batch);
    assert(batch); /* 100 bytes: without them nobody could be told that something is missing */
    *batch = (struct live_batch){.first = first, .last = last, .rights = rights};
    return batch;
}

static bool is_watched(void *of)
{
    return atomic_load(&((struct hub *)of)->watched) != 0;
}

static void take(void *of, struct live_batch *batch, uint64_t first, uint64_t last, bool rights)
{
    struct hub *hub = of;
    uint64_t now_us = monotonic_us();

    if (batch) {
        batch->first = first;
        batch->last = last;
        batch->rights = rights;
        batch->whole = true;
        batch->next = NULL;
    }
    (void)pthread_mutex_lock(&hub->lock);
    struct live_batch *before = hub->last_batch;
    bool full = hub->batch_events + (batch ? batch->count : 0) > BATCH_EVENTS_MAX;
    if (full && before && !before->whole) { /* one hole, however wide */
        before->last = last;
        before->rights |= rights;
        free_batch(batch);
    } else {
        if (!batch || full)
            batch = hole(batch, first, last, rights);
        batch->taken_us = now_us;
        *(before ? &before->next : &hub->batches) = batch;
        hub->last_batch = batch;
        hub->batch_events += batch->count;
    }
    bool wakes = must_wake(hub);
    (void)pthread_mutex_unlock(&hub->lock);
    if (wakes)
        wake(hub);
}

struct live_sink hub_sink(struct hub *hub)
{
    return (struct live_sink){hub, is_watched, take, free_batch, rights_changed};
}

/* ---- the thread ---- */

static void take_inbox(struct hub *hub)
{
    (void)pthread_mutex_lock(&hub->lock);
    struct post *posts = hub->posts;
    struct live_batch *batches = hub->batches;
    bool rights = hub->rights;
    hub->posts = hub->last_post = NULL;
    hub->batches = hub->last_batch = NULL;
    hub->batch_events = 0;
    hub->rights = hub->woken = false;
    (void)pthread_mutex_unlock(&hub->lock);
    for (struct live_batch *batch = batches; batch; batch = batch->next)
        rights |= batch->rights;
    if (rights)
        tell_rights(hub);
    for (struct live_batch *next; batches; batches = next) {
        next = batches->next;
        tell_batch(hub, batches);
        free_batch(batches);
    }
    for (struct post *next; posts; posts = next) {
        next = posts->next;
        posts->run(hub, posts); /* it may be gone afterwards */
    }
}

static void turn(struct hub *hub)
{
    struct epoll_event ready[READY_MAX];
    bool sends = hub->dirty; /* to more than one turn is for */

    if (sends)
        (void)nanosleep(&(struct timespec){0, REST_US * 1000}, NULL);
    int count = epoll_wait(hub->epoll, ready, READY_MAX, sends ? 0 : hub->count || hub->dying ? TICK_MS : -1);

    hub->now_ms = monotonic_ms();
    for (int i = 0; i < count; i++) {
        uint64_t value;
        if (ready[i].data.ptr)
            subscriber_look(ready[i].data.ptr, ready[i].events);
        else
            (void)!read(hub->wake, &value, sizeof value); /* what is asked lies in the inbox */
    }
    take_inbox(hub);
    if (hub->now_ms - hub->ticked_ms >= TICK_MS)
        clock_tick(hub);
    subscribers_flush(hub);
    subscribers_bury(hub);
    atomic_store_explicit(&hub->waiting, hub->kept_bytes + hub->incoming_bytes, memory_order_relaxed);
}

static bool answers_owed(const struct hub *hub)
{
    for (const struct subscriber *stream = hub->streams; stream; stream = stream->next)
        if (stream->writes)
            return true;
    return false;
}

static void say_goodbye(struct hub *hub)
{
    int64_t until_ms = monotonic_ms() + STOP_MS;

    while (answers_owed(hub) && monotonic_ms() < until_ms)
        turn(hub);
    for (struct subscriber *stream = hub->streams, *next; stream; stream = next) {
        next = stream->next;
        subscriber_close(stream, CLOSE_GOING_AWAY, "the server is stopping");
    }
    while (hub->streams && monotonic_ms() < until_ms)
        turn(hub);
    while (hub->streams)
        subscriber_end(hub->streams);
    while (hub->dying && monotonic_ms() < until_ms)
        turn(hub);
}

static void *run(void *arg)
{
    struct hub *hub = arg;

    (void)pthread_setname_np(pthread_self(), "hub"); /* for who looks at the threads */
    (void)setpriority(PRIO_PROCESS, 0, NICE); /* this thread's alone, on Linux; else it is as the others */
    while (!atomic_load(&hub->stopping))
        turn(hub);
    say_goodbye(hub);
    return NULL;
}

/* ---- outside ---- */

static enum rc take_place(struct hub *hub, const struct hub_wish *wish, struct fault *fault)
{
    if (atomic_load(&hub->stopping))
        return fault_set(fault, RC_BUSY, NULL, "the server is stopping");
    enum rc rc = seats_take(hub->seats, wish->caller->id, wish->caller->id_size);
    if (rc == RC_TOO_MANY)
        return fault_set(fault, rc, NULL,
                         "one user has at most so many streams at a time (realtime_per_user)");
    return rc == RC_OK ? rc : fault_set(fault, rc, NULL, "there are too many streams; try again later");
}

enum rc hub_subscribe(struct hub *hub, const struct hub_wish *wish, struct subscriber **out_stream,
                      struct fault *fault)
{
    enum rc rc = take_place(hub, wish, fault);

    if (rc != RC_OK)
        return rc;
    struct subscriber *stream = subscriber_new(hub, wish);
    if (!stream) {
        seats_give(hub->seats, wish->caller->id, wish->caller->id_size);
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    }
    atomic_fetch_add(&hub->watched, 1); /* before the look at what is published: hub.h, engine's side */
    stream->rejoin_after = hub->settings.source.published(hub->settings.source.of);
    stream->after =
        wish->has_after && wish->after < stream->rejoin_after ? wish->after : stream->rejoin_after;
    *out_stream = stream;
    return RC_OK;
}

void hub_drop(struct subscriber *stream)
{
    subscriber_discard(stream);
}

static void arrive(struct hub *hub, struct post *post)
{
    struct subscriber *stream = (struct subscriber *)((char *)post - offsetof(struct subscriber, arrival));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};

    stream->next = hub->streams;
    if (stream->next)
        stream->next->before = stream;
    hub->streams = stream;
    hub->count++;
    clock_wind(stream);
    if (hub->position < stream->rejoin_after)
        hub->position = stream->rejoin_after;
    if (epoll_ctl(hub->epoll, EPOLL_CTL_ADD, stream->fd, &event) != 0 || atomic_load(&hub->stopping)) {
        subscriber_end(stream);
        return;
    }
    if (stream->form == HUB_WEBSOCKET && stream->ahead_size && !stream->ahead) {
        websocket_lose(stream);
        return;
    }
    if (stream->keys_version != hub->keys_version)
        hub->recheck_again = true; /* they changed while it was on its way */
    if (tell_right(stream))
        catch_up_start(stream);
    if (stream->state != SUBSCRIBER_OVER && stream->form == HUB_SSE)
        subscriber_say(stream, hub->heartbeats[HUB_SSE]); /* shows at once that the stream is there */
    if (stream->state != SUBSCRIBER_OVER && stream->ahead_size)
        subscriber_look(stream, EPOLLIN);
}

void hub_give(struct subscriber *stream, int fd, const char *ahead, size_t size)
{
    stream->fd = fd;
    subscriber_tune(fd);
    stream->ahead = size ? malloc(size) : NULL;
    stream->ahead_size = size; /* without the bytes it ends: arrive */
    if (stream->ahead)
        memcpy(stream->ahead, ahead, size);
    stream->arrival.run = arrive;
    hub_post(stream->hub, &stream->arrival);
}

enum rc hub_ticket(struct hub *hub, const struct caller *caller, const char *token, unsigned keys_version,
                   char out_ticket[TICKET_BYTES], struct fault *fault)
{
    struct ticket_holder holder = {.caller = *caller, .keys_version = keys_version};

    holder.token = (char *)token; /* copied */
    enum rc rc = tickets_give(hub->tickets, &holder, monotonic_ms(), out_ticket);
    if (rc == RC_TOO_MANY)
        return fault_set(fault, rc, NULL, "one user has at most 64 tickets that are not used");
    return rc == RC_OK ? rc : fault_set(fault, rc, NULL, "there are too many tickets; try again");
}

bool hub_is_ticket(const char *text)
{
    return tickets_is_one(text);
}

bool hub_spend_ticket(struct hub *hub, const char *ticket, struct caller *out_caller, char **out_token,
                      unsigned *out_keys_version)
{
    struct ticket_holder holder;

    if (!tickets_spend(hub->tickets, ticket, monotonic_ms(), &holder))
        return false;
    *out_caller = holder.caller;
    *out_token = holder.token;
    *out_keys_version = holder.keys_version;
    return true;
}

struct hub_state hub_state(struct hub *hub)
{
    unsigned streams = seats_taken(hub->seats);

    return (struct hub_state){
        .streams = streams,
        .messages = atomic_load(&hub->messages) + atomic_load(&hub->caught_up),
        .messages_per_second =
            streams ? atomic_load(&hub->messages_per_1000_s) / 1000.0 : 0, /* else nobody works it out */
        .events = atomic_load(&hub->events),
        .dropped = atomic_load(&hub->dropped),
        .caught_up = atomic_load(&hub->caught_up),
        .waiting_bytes = atomic_load(&hub->waiting),
    };
}

const struct histogram *hub_push_times(const struct hub *hub)
{
    return &hub->push_us;
}

static bool open_files(struct hub *hub)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    hub->epoll = epoll_create1(EPOLL_CLOEXEC);
    hub->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return hub->epoll >= 0 && hub->wake >= 0 && epoll_ctl(hub->epoll, EPOLL_CTL_ADD, hub->wake, &event) == 0;
}

static void free_hub(struct hub *hub)
{
    if (hub->epoll >= 0)
        (void)close(hub->epoll); /* nothing was in them */
    if (hub->wake >= 0)
        (void)close(hub->wake);
    message_unref(hub->heartbeats[0]);
    message_unref(hub->heartbeats[1]);
    seats_free(hub->seats);
    tickets_free(hub->tickets);
    topics_done(&hub->topics);
    recheck_free(hub);
    (void)pthread_mutex_destroy(&hub->lock); /* nobody holds it */
    free(hub);
}

enum rc hub_new(const struct hub_settings *settings, struct hub **out_hub, struct fault *fault)
{
    struct hub *hub = calloc(1, sizeof *hub);

    if (!hub)
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    hub->settings = *settings;
    hub->epoll = hub->wake = -1;
    hub->topics.seed = settings->line_seed;
    (void)pthread_mutex_init(&hub->lock, NULL); /* default attributes cannot fail */
    hub->position = settings->source.published(settings->source.of);
    hub->keys_version = settings->source.keys_version(settings->source.of);
    hub->now_ms = hub->ticked_ms = hub->rated_ms = monotonic_ms();
    hub->heartbeats[HUB_SSE] = message_heartbeat(HUB_SSE);
    hub->heartbeats[HUB_WEBSOCKET] = message_heartbeat(HUB_WEBSOCKET);
    bool made =
        hub->heartbeats[0] && hub->heartbeats[1] && open_files(hub) &&
        seats_new(settings->per_user, settings->streams_max, settings->line_seed, &hub->seats) == RC_OK &&
        tickets_new(settings->line_seed, &hub->tickets) == RC_OK &&
        pthread_create(&hub->thread, NULL, run, hub) == 0;
    if (!made) {
        free_hub(hub);
        return fault_set(fault, RC_BUSY, NULL, "cannot start a thread");
    }
    *out_hub = hub;
    return RC_OK;
}

void hub_stop(struct hub *hub)
{
    if (!hub || atomic_exchange(&hub->stopping, true))
        return;
    wake(hub);
    (void)pthread_join(hub->thread, NULL); /* it was started */
}

void hub_settle(struct hub *hub)
{
    if (!hub)
        return;
    hub_stop(hub); /* a start that failed never did */
    hub->now_ms = monotonic_ms();
    take_inbox(hub);
    while (hub->streams)
        subscriber_end(hub->streams);
    subscribers_bury(hub);
}

void hub_free(struct hub *hub)
{
    if (hub && !hub->dying)
        free_hub(hub);
}
