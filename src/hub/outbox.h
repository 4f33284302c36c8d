#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "hub/message.h"

/* What one client has still to be sent, in order; messages are shared, so that many who wait for the same
 * cost little. One thread. */
struct outbox {
    struct message **ring;
    uint32_t head, count, room; /* room: a power of two, or 0 */
    uint32_t sent;              /* bytes of the first */
    size_t waiting;             /* bytes in all */
    int64_t took_ms;            /* monotonic: when its reader last took some, or the first came to wait */
};

enum {
    OUTBOX_LATE_BYTES = 256 * 1024, /* so much may wait, unless nothing of it was taken for OUTBOX_LATE_MS; */
    OUTBOX_LATE_MS = 1000,
    OUTBOX_FULL_BYTES = 1024 * 1024, /* and so much at most: contract 6 */
};

/* Gives its messages back; it is empty again. */
void outbox_done(struct outbox *outbox);

/* Takes a reference of its own. False: out of memory. */
bool outbox_add(struct outbox *outbox, struct message *message, int64_t now_ms);

/* Moves all of another's to the end. False: out of memory, and some may be missing. */
bool outbox_move(struct outbox *to, struct outbox *from, int64_t now_ms);

/* Each of its messages counts in *total from here on: message_count. None of them is counted yet. */
void outbox_count(struct outbox *outbox, size_t *total);

enum outbox_state { OUTBOX_EMPTY, OUTBOX_WAITS, OUTBOX_BROKEN };

/* Sends what the socket takes at once. */
enum outbox_state outbox_send(struct outbox *outbox, int fd, int64_t now_ms);

/* Whether its reader is too slow. Source: contract 6. */
bool outbox_is_late(const struct outbox *outbox, int64_t now_ms);
