#include "hub/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { FIRST_ROOM = 8, VECTOR = 64, SENDS_MAX = 16 /* of one client a turn */ };

static struct message **place(const struct outbox *outbox, uint32_t index)
{
    return &outbox->ring[(outbox->head + index) & (outbox->room - 1)];
}

static bool grow(struct outbox *outbox)
{
    uint32_t room = outbox->room ? 2 * outbox->room : FIRST_ROOM;
    struct message **ring = malloc(room * sizeof(struct message *));

    if (!ring)
        return false;
    for (uint32_t i = 0; i < outbox->count; i++)
        ring[i] = *place(outbox, i);
    free(outbox->ring);
    outbox->ring = ring;
    outbox->room = room;
    outbox->head = 0;
    return true;
}

void outbox_done(struct outbox *outbox)
{
    for (uint32_t i = 0; i < outbox->count; i++)
        message_unref(*place(outbox, i));
    free(outbox->ring);
    *outbox = (struct outbox){.ring = NULL};
}

bool outbox_add(struct outbox *outbox, struct message *message, int64_t now_ms)
{
    if (outbox->count == outbox->room && !grow(outbox))
        return false;
    if (outbox->count == 0)
        outbox->took_ms = now_ms;
    *place(outbox, outbox->count++) = message_ref(message);
    outbox->waiting += message->size;
    return true;
}

bool outbox_move(struct outbox *to, struct outbox *from, int64_t now_ms)
{
    bool moved = true;

    for (uint32_t i = 0; moved && i < from->count; i++)
        moved = outbox_add(to, *place(from, i), now_ms);
    outbox_done(from);
    return moved;
}

void outbox_count(struct outbox *outbox, size_t *total)
{
    for (uint32_t i = 0; i < outbox->count; i++)
        message_count(*place(outbox, i), total);
}

static size_t fill(const struct outbox *outbox, struct iovec *parts)
{
    uint32_t count = outbox->count < VECTOR ? outbox->count : VECTOR;

    for (uint32_t i = 0; i < count; i++) {
        struct message *message = *place(outbox, i);
        uint32_t from = i == 0 ? outbox->sent : 0;
        parts[i] = (struct iovec){message->bytes + from, message->size - from};
    }
    return count;
}

static void take_away(struct outbox *outbox, size_t size)
{
    outbox->waiting -= size;
    while (outbox->count) {
        struct message *first = *place(outbox, 0);
        uint32_t left = first->size - outbox->sent;
        if (size < left) {
            outbox->sent += (uint32_t)size;
            return;
        }
        size -= left;
        outbox->sent = 0;
        outbox->head = (outbox->head + 1) & (outbox->room - 1);
        outbox->count--;
        message_unref(first);
    }
}

/* A reader that has taken all needs no memory: there may be ten thousand of them. */
static void give_room_back(struct outbox *outbox)
{
    free(outbox->ring);
    outbox->ring = NULL;
    outbox->room = outbox->head = 0;
}

enum outbox_state outbox_send(struct outbox *outbox, int fd, int64_t now_ms)
{
    struct iovec parts[VECTOR];

    for (int i = 0; outbox->count && i < SENDS_MAX; i++) {
        struct msghdr what = {.msg_iov = parts, .msg_iovlen = fill(outbox, parts)};
        ssize_t size = sendmsg(fd, &what, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return errno == EAGAIN ? OUTBOX_WAITS : OUTBOX_BROKEN;
        outbox->took_ms = now_ms;
        take_away(outbox, (size_t)size);
    }
    if (outbox->count)
        return OUTBOX_WAITS;
    give_room_back(outbox);
    return OUTBOX_EMPTY;
}

bool outbox_is_late(const struct outbox *outbox, int64_t now_ms)
{
    return outbox->waiting > OUTBOX_FULL_BYTES ||
           (outbox->waiting > OUTBOX_LATE_BYTES && now_ms - outbox->took_ms >= OUTBOX_LATE_MS);
}
