#include "hub/subscriber.h"

/* What follows the clock: heartbeats, tokens that expire, readers that are too slow, memory that is bounded.
 */

enum {
    BEAT_MS = 15000,                    /* contract 6 */
    KEPT_BYTES_MAX = 256 * 1024 * 1024, /* of messages that wait, all streams together */
    KEPT_LEAST = 64 * 1024,             /* above that, who keeps more than so much ends first */
};

void clock_wind(struct subscriber *stream)
{
    stream->beat_ms = stream->hub->now_ms + BEAT_MS;
}

static void beat(struct subscriber *stream)
{
    clock_wind(stream);
    subscriber_say(stream, stream->hub->heartbeats[stream->form]);
}

static void tick_one(struct subscriber *stream, int64_t wall_ms)
{
    int64_t now_ms = stream->hub->now_ms;

    if (stream->state == SUBSCRIBER_CLOSING) {
        if (now_ms >= stream->closing_ms)
            subscriber_end(stream);
        return;
    }
    if (wall_ms >= stream->expires_ms)
        subscriber_close(stream, CLOSE_UNAUTHORIZED, "the token has expired");
    else if (stream->form == HUB_WEBSOCKET && websocket_is_late(stream))
        subscriber_close(stream, CLOSE_POLICY, "a message must be whole within a minute");
    else if (now_ms >= stream->beat_ms)
        beat(stream);
    subscriber_drop_if_late(stream);
    if (stream->state == SUBSCRIBER_CATCHING || stream->state == SUBSCRIBER_JOINING)
        catch_up_yield(stream);
}

/* When all streams together keep too much, those that keep most end: their clients find it in the log. */
static void bound_memory(struct hub *hub)
{
    for (size_t least = OUTBOX_FULL_BYTES / 2; hub->kept_bytes > KEPT_BYTES_MAX && least >= KEPT_LEAST;
         least /= 2)
        for (struct subscriber *stream = hub->streams, *next; stream; stream = next) {
            next = stream->next;
            if (stream->outbox.waiting < least)
                continue;
            atomic_fetch_add(&hub->dropped, 1);
            subscriber_end(stream);
        }
}

void clock_tick(struct hub *hub)
{
    const struct hub_source *source = &hub->settings.source;
    int64_t wall_ms = source->now_ms();

    hub->ticked_ms = hub->now_ms;
    for (struct subscriber *stream = hub->streams, *next; stream; stream = next) {
        next = stream->next;
        tick_one(stream, wall_ms);
    }
    bound_memory(hub);
    unsigned version = source->keys_version(source->of);
    if (version != hub->keys_version || hub->recheck_again) {
        hub->keys_version = version;
        recheck_start(hub);
    }
    catch_up_continue(hub);
}
