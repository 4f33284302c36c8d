#pragma once

#include "hub/hub_private.h"

/* A stream's frames, when it is a WebSocket. On the hub's thread. Source: RFC 6455, contract 6. */

/* Reads what came. False: the connection is over. */
bool websocket_read(struct subscriber *stream);

/* Sends a text. */
void websocket_text(struct subscriber *stream, const char *text, size_t size);
/* Sends a close with its code and a reason; code 0: nothing. */
void websocket_close(struct subscriber *stream, uint16_t code, const char *why);

/* Some of what its client sent is lost, since memory is out: it ends (1013), and what follows, which may be
 * half of something, is not read. */
void websocket_lose(struct subscriber *stream);

/* Whether both sides have said goodbye. */
bool websocket_is_over(const struct subscriber *stream);

/* Whether a message has been on its way for too long. */
bool websocket_is_late(const struct subscriber *stream);

/* Frees what the subscriber's WebSocket holds. Fine for one that has none. */
void websocket_free(struct subscriber *stream);
