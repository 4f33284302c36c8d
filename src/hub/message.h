#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "hub/hub.h"

/* Bytes on their way to one client or to many: written once, shared, freed with the last who has them to
 * send. Used by one thread at a time. */
struct message {
    uint32_t refs, size;
    size_t *total; /* of the bytes that are kept; NULL: not counted */
    char bytes[];
};

/* With one reference; NULL: out of memory. */
struct message *message_new(const char *bytes, size_t size);

/* From here on it counts in *total as long as it is there. */
void message_count(struct message *message, size_t *total);

/* One more reference. The one thread that uses it. */
struct message *message_ref(struct message *message);
void message_unref(struct message *message); /* NULL is fine */

/* One JSON object in one of the forms. id and type are its own, for the lines of an SSE. NULL: out of memory.
 */
struct message *message_of(enum hub_form form, uint64_t id, const char *type, const struct buf *json);

/* What keeps a quiet connection alive, and shows that it is: a comment, or a ping. */
struct message *message_heartbeat(enum hub_form form);

/* The end of a WebSocket, with its code. */
struct message *message_close(uint16_t code);

/* What is told in place of too many: its id is where the stream goes on. */
struct message *message_gap(enum hub_form form, uint64_t id);
