#include "hub/clock.h"

#include <limits.h>

#include "hub/catch_up.h"
#include "hub/recheck.h"
#include "hub/subscriber.h"
#include "hub/websocket.h"

/* What follows the clock: heartbeats, tokens that expire, readers that are too slow, memory that is bounded.
 */

enum {
    BEAT_MS = 15000,                    /* contract 6 */
    KEPT_BYTES_MAX = 256 * 1024 * 1024, /* of messages that wait, all streams together */
    KEPT_LEAST = 64 * 1024,             /* above that, who keeps more than so much ends first */
    RATE_MS = 1000,                     /* over which the messages are counted */
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

static void rate(struct hub *hub)
{
    int64_t passed_ms = hub->now_ms - hub->rated_ms;
    uint64_t messages = atomic_load(&hub->messages) + atomic_load(&hub->caught_up);

    if (passed_ms < RATE_MS)
        return;
    uint64_t per_1000_s = (messages - hub->rated_messages) * 1000000 / (uint64_t)passed_ms;
    atomic_store(&hub->messages_per_1000_s, (unsigned)(per_1000_s < UINT_MAX ? per_1000_s : UINT_MAX));
    hub->rated_ms = hub->now_ms;
    hub->rated_messages = messages;
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
    rate(hub);
    unsigned version = source->keys_version(source->of);
    if (version != hub->keys_version || hub->recheck_again) {
        hub->keys_version = version;
        recheck_start(hub);
    }
    catch_up_continue(hub);
}
