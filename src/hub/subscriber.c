#include "hub/subscriber.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/monotonic.h"
#include "hub/catch_up.h"
#include "hub/websocket.h"

/* One client's stream: its life from the subscription to the end of its socket. */

enum {
    GOODBYE_MS = 2000,              /* a client answers a close so soon */
    UNASKED_MAX = 64 * 1024,        /* bytes from the client of an SSE, who has nothing to say */
    SEND_BUFFER_BYTES = 128 * 1024, /* of the kernel's: what a slow reader can make it keep */
    DEAD_MS = 60000,                /* a client that acknowledges nothing for so long is gone */
    STREAMS_A_TURN = 64,            /* are sent something, half a millisecond's work, */
    BYTES_A_TURN = 1024 * 1024,     /* or so much */
};

/* ---- its beginning ---- */

static size_t filter_bytes(const struct hub_filter *filter)
{
    return (filter->user ? strlen(filter->user) + 1 : 0) + (filter->course ? strlen(filter->course) + 1 : 0) +
           (filter->item ? strlen(filter->item) + 1 : 0);
}

static char *keep_text(const char *text, const char **out, uint32_t *out_size, char *at)
{
    if (!text)
        return at;
    *out_size = (uint32_t)strlen(text);
    *out = at;
    memcpy(at, text, *out_size + 1);
    return at + *out_size + 1;
}

/* Whether an edit of the catalogue, or of its staff, may change what it may see. */
static bool depends_on_staff(const struct caller *caller, const struct hub_filter *filter)
{
    bool own = filter->user && strcmp(filter->user, caller->id) == 0;

    return !own && !(caller->roles & (ROLE_ADMIN | ROLE_SYSTEM));
}

struct subscriber *subscriber_new(struct hub *hub, const struct hub_wish *wish)
{
    struct subscriber *stream = calloc(1, sizeof *stream + filter_bytes(&wish->filter));

    if (!stream)
        return NULL;
    stream->hub = hub;
    stream->form = wish->form;
    stream->caller = *wish->caller;
    stream->token = wish->token ? strdup(wish->token) : NULL;
    stream->keys_version = wish->keys_version;
    char *at = keep_text(wish->filter.user, &stream->filter.user, &stream->user_size, (char *)(stream + 1));
    at = keep_text(wish->filter.course, &stream->filter.course, &stream->course_size, at);
    (void)keep_text(wish->filter.item, &stream->filter.item, &stream->item_size, at); /* the last */
    stream->filter.hides_previews = wish->filter.hides_previews;
    stream->is_staff = depends_on_staff(wish->caller, &wish->filter);
    stream->expires_ms = wish->token ? wish->caller->expires_ms : INT64_MAX;
    stream->fd = -1;
    if (wish->token && !stream->token) {
        free(stream);
        return NULL;
    }
    return stream;
}

void subscriber_tune(int fd)
{
    int on = 1, send_bytes = SEND_BUFFER_BYTES;
    unsigned dead_ms = DEAD_MS;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* each is a help and no more */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof dead_ms);
}

/* ---- its end ---- */

static void listen_to(struct subscriber *stream)
{
    struct epoll_event event = {.data.ptr = stream};

    event.events =
        (stream->wants_none ? 0 : (uint32_t)EPOLLIN) | (stream->wants_room ? (uint32_t)EPOLLOUT : 0);
    (void)epoll_ctl(stream->hub->epoll, EPOLL_CTL_MOD, stream->fd, &event); /* it is in there */
}

void subscriber_listen(struct subscriber *stream, bool reads)
{
    if (stream->wants_none != reads)
        return;
    stream->wants_none = !reads;
    listen_to(stream);
}

void subscriber_touch(struct subscriber *stream)
{
    struct hub *hub = stream->hub;

    if (!stream->told_us)
        stream->told_us = hub->telling_us;
    if (stream->dirty || stream->state == SUBSCRIBER_OVER)
        return;
    stream->dirty = true;
    stream->next_dirty = NULL;
    *(hub->dirty ? &hub->last_dirty->next_dirty : &hub->dirty) = stream;
    hub->last_dirty = stream;
}

static void leave_all(struct subscriber *stream)
{
    struct hub *hub = stream->hub;

    *(stream->before ? &stream->before->next : &hub->streams) = stream->next;
    if (stream->next)
        stream->next->before = stream->before;
    hub->count--;
}

/* What a stream has besides its socket. */
static void free_subscriber(struct subscriber *stream)
{
    free(stream->token);
    free(stream->ahead);
    free(stream);
}

static void give_place_back(struct subscriber *stream)
{
    seats_give(stream->hub->seats, stream->caller.id, stream->caller.id_size);
    atomic_fetch_sub(&stream->hub->watched, 1);
}

void subscriber_discard(struct subscriber *stream)
{
    give_place_back(stream);
    free_subscriber(stream);
}

void subscriber_end(struct subscriber *stream)
{
    struct hub *hub = stream->hub;

    if (stream->state == SUBSCRIBER_OVER)
        return;
    stream->state = SUBSCRIBER_OVER;
    subscriber_unwatch(stream);
    catch_up_stop(stream);
    outbox_done(&stream->outbox);
    websocket_free(stream);
    (void)epoll_ctl(hub->epoll, EPOLL_CTL_DEL, stream->fd,
                    NULL);                 /* the library may still have the socket for a moment */
    (void)shutdown(stream->fd, SHUT_RDWR); /* likewise */
    (void)close(stream->fd);               /* nothing of ours is in it */
    leave_all(stream);
    give_place_back(stream);
    stream->next = hub->dying;
    hub->dying = stream;
}

/* Of those that are over, the ones that nobody has any more. */
void subscribers_bury(struct hub *hub)
{
    struct subscriber *kept = NULL;

    for (struct subscriber *stream = hub->dying, *next; stream; stream = next) {
        next = stream->next;
        if (stream->catch_up || stream->writes || stream->checking || stream->dirty) {
            stream->next = kept;
            kept = stream;
        } else {
            free_subscriber(stream);
        }
    }
    hub->dying = kept;
}

static bool is_same(const char *a, size_t a_size, const char *b, size_t b_size)
{
    return a_size == b_size && memcmp(a, b, a_size) == 0;
}

bool subscriber_wants(const struct subscriber *stream, const struct live_event *event)
{
    const struct hub_filter *filter = &stream->filter;

    if (filter->user && !is_same(filter->user, stream->user_size, live_user(event), event->user_size))
        return false;
    if (filter->course &&
        !is_same(filter->course, stream->course_size, live_course(event), event->course_size))
        return false;
    if (filter->item && !is_same(filter->item, stream->item_size, live_item(event), event->item_size))
        return false;
    return !(filter->hides_previews && event->is_preview);
}

bool subscriber_watch(struct subscriber *stream)
{
    const struct hub_filter *filter = &stream->filter;
    struct topics *topics = &stream->hub->topics;

    if (filter->user)
        return topics_add(topics, TOPIC_USER, filter->user, stream->user_size, &stream->watcher);
    if (filter->item)
        return topics_add(topics, TOPIC_ITEM, filter->item, stream->item_size, &stream->watcher);
    if (filter->course)
        return topics_add(topics, TOPIC_COURSE, filter->course, stream->course_size, &stream->watcher);
    return topics_add(topics, TOPIC_ALL, NULL, 0, &stream->watcher);
}

void subscriber_unwatch(struct subscriber *stream)
{
    topics_remove(&stream->hub->topics, &stream->watcher);
}

void subscriber_drop_if_late(struct subscriber *stream)
{
    if (stream->state == SUBSCRIBER_OVER || !outbox_is_late(&stream->outbox, stream->hub->now_ms))
        return;
    atomic_fetch_add(&stream->hub->dropped, 1);
    subscriber_end(stream);
}

void subscriber_say(struct subscriber *stream, struct message *message)
{
    if (stream->state == SUBSCRIBER_OVER)
        return;
    if (!outbox_add(&stream->outbox, message, stream->hub->now_ms)) {
        subscriber_end(stream);
        return;
    }
    subscriber_touch(stream);
    subscriber_drop_if_late(stream);
}

void subscriber_close(struct subscriber *stream, uint16_t code, const char *why)
{
    if (stream->state == SUBSCRIBER_OVER || stream->state == SUBSCRIBER_CLOSING)
        return;
    subscriber_unwatch(stream);
    stream->state = SUBSCRIBER_CLOSING;
    catch_up_stop(stream);
    stream->closing_ms = stream->hub->now_ms + GOODBYE_MS;
    if (stream->form == HUB_WEBSOCKET)
        websocket_close(stream, code, why);
    subscriber_touch(stream);
}

/* Sends what waits, as far as its client takes it. */
static void flush(struct subscriber *stream)
{
    enum outbox_state state = outbox_send(&stream->outbox, stream->fd, stream->hub->now_ms);

    if (stream->told_us)
        histogram_add(&stream->hub->push_us, histogram_steps_us, monotonic_us() - stream->told_us);
    stream->told_us = 0;
    if (state == OUTBOX_BROKEN || (state == OUTBOX_EMPTY && stream->state == SUBSCRIBER_CLOSING &&
                                   (stream->form == HUB_SSE || websocket_is_over(stream)))) {
        subscriber_end(stream);
        return;
    }
    if (state == OUTBOX_EMPTY && stream->state == SUBSCRIBER_CLOSING && !stream->said_goodbye) {
        stream->said_goodbye = true;
        (void)shutdown(stream->fd, SHUT_WR); /* its client sees the end, and ends too */
    }
    if ((state == OUTBOX_WAITS) != stream->wants_room) {
        stream->wants_room = state == OUTBOX_WAITS;
        listen_to(stream);
    }
    if (state == OUTBOX_WAITS)
        subscriber_drop_if_late(stream);
    if (stream->state != SUBSCRIBER_OVER)
        catch_up_more(stream);
}

void subscribers_flush(struct hub *hub)
{
    size_t bytes = 0;

    for (int count = 0; hub->dirty && count < STREAMS_A_TURN && bytes < BYTES_A_TURN; count++) {
        struct subscriber *stream = hub->dirty;
        hub->dirty = stream->next_dirty;
        stream->dirty = false;
        if (stream->state == SUBSCRIBER_OVER)
            continue;
        bytes += stream->outbox.waiting;
        flush(stream);
    }
}

/* ---- what clients send, and the end of them ---- */

/* The client of an SSE has nothing to say. False: it is gone. */
static bool read_away(struct subscriber *stream)
{
    char bytes[4096];
    ssize_t size = recv(stream->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (size > 0)
        stream->unasked += (size_t)size;
    return (size > 0 && stream->unasked <= UNASKED_MAX) || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

void subscriber_look(struct subscriber *stream, uint32_t ready)
{
    if (stream->state == SUBSCRIBER_OVER)
        return;
    bool goes_on = true;
    if (ready & EPOLLIN)
        goes_on = stream->form == HUB_SSE ? read_away(stream) : websocket_read(stream);
    if (stream->state == SUBSCRIBER_OVER)
        return;
    if (!goes_on || (ready & (EPOLLERR | EPOLLHUP) && !(ready & EPOLLIN)))
        subscriber_end(stream);
    else if (ready & EPOLLOUT)
        subscriber_touch(stream);
}
