#include "hub/telling.h"

#include "hub/catch_up.h"
#include "hub/subscriber.h"

/* What happened, told to whom it concerns. Each message is written once in each form that somebody has. */

struct telling {
    const struct live_event *event;
    struct message *forms[2]; /* written when the first is to have it */
};

static struct message *form_of(struct hub *hub, struct telling *telling, enum hub_form form)
{
    const struct live_event *event = telling->event;
    struct buf json = {.failed = false};

    if (telling->forms[form])
        return telling->forms[form];
    hub->settings.source.encode(event, &json);
    struct message *message =
        message_of(form, event->sequence, live_type_name((enum live_type)event->type), &json);
    buf_done(&json);
    if (message)
        message_count(message, &hub->kept_bytes);
    return telling->forms[form] = message;
}

static void hold(struct subscriber *stream, struct message *message)
{
    struct outbox *held = &stream->catch_up->held;

    if (outbox_add(held, message, stream->hub->now_ms) && held->waiting <= OUTBOX_FULL_BYTES)
        return;
    atomic_fetch_add(&stream->hub->dropped, 1);
    subscriber_end(stream);
}

static void tell_one(struct subscriber *stream, struct telling *telling)
{
    uint64_t told = stream->state == SUBSCRIBER_JOINING ? stream->catch_up->upto : stream->after;

    if (telling->event->sequence <= told || !subscriber_wants(stream, telling->event))
        return;
    struct message *message = form_of(stream->hub, telling, stream->form);
    if (!message) {
        subscriber_end(stream); /* out of memory: it comes back and finds it in the log */
        return;
    }
    atomic_fetch_add_explicit(&stream->hub->messages, 1, memory_order_relaxed);
    if (stream->state == SUBSCRIBER_JOINING)
        hold(stream, message);
    else
        subscriber_say(stream, message);
}

static void tell_watchers(struct watcher *first, struct telling *telling)
{
    for (struct watcher *watcher = first, *next; watcher; watcher = next) {
        next = watcher->next;
        tell_one((struct subscriber *)watcher, telling);
    }
}

static void tell(struct hub *hub, const struct live_event *event)
{
    struct telling telling = {.event = event};
    const struct topics *topics = &hub->topics;

    tell_watchers(topics_find(topics, TOPIC_USER, live_user(event), event->user_size), &telling);
    if (event->item_size)
        tell_watchers(topics_find(topics, TOPIC_ITEM, live_item(event), event->item_size), &telling);
    if (event->course_size)
        tell_watchers(topics_find(topics, TOPIC_COURSE, live_course(event), event->course_size), &telling);
    tell_watchers(topics_find(topics, TOPIC_ALL, NULL, 0), &telling);
    if (telling.forms[0] || telling.forms[1])
        atomic_fetch_add_explicit(&hub->events, 1, memory_order_relaxed);
    message_unref(telling.forms[0]);
    message_unref(telling.forms[1]);
}

/* What happened from first on is in the log alone: everybody reads it there. */
static void go_back(struct hub *hub, const struct live_batch *batch)
{
    for (struct subscriber *stream = hub->streams, *next; stream; stream = next) {
        next = stream->next;
        if (stream->state == SUBSCRIBER_JOINING && !stream->rejoins && stream->catch_up->upto < batch->last) {
            subscriber_unwatch(stream); /* what is held is from before */
            stream->rejoins = true;
            stream->rejoin_after = batch->first - 1;
        } else if (stream->state == SUBSCRIBER_LIVE && stream->after < batch->last) {
            subscriber_unwatch(stream);
            if (stream->after < batch->first - 1)
                stream->after = batch->first - 1;
            catch_up_start(stream);
        }
    }
}

void tell_batch(struct hub *hub, const struct live_batch *batch)
{
    if (hub->position < batch->last)
        hub->position = batch->last;
    if (!batch->whole)
        go_back(hub, batch);
    hub->telling_us = batch->taken_us;
    for (size_t i = 0; i < batch->count; i++)
        tell(hub, &batch->events[i]);
    hub->telling_us = 0;
}

bool tell_right(struct subscriber *stream)
{
    const struct hub_source *source = &stream->hub->settings.source;

    if (!stream->is_staff || source->may(source->of, &stream->caller, &stream->filter))
        return true;
    subscriber_close(stream, CLOSE_UNAUTHORIZED, "no longer allowed");
    return false;
}

/* Before anything is told that happened after the change. */
void tell_rights(struct hub *hub)
{
    for (struct subscriber *stream = hub->streams, *next; stream; stream = next) {
        next = stream->next;
        (void)tell_right(stream); /* who may not is told so */
    }
}
