#pragma once

#include "hub/hub_private.h"

/* One client's stream: its socket, what is still to be sent on it, and its end. All on the hub's thread but
 * where a function says otherwise. */

/* One that has a place already, without a socket; NULL: out of memory. Any thread. */
struct subscriber *subscriber_new(struct hub *hub, const struct hub_wish *wish);

/* One that never got its socket. Any thread. */
void subscriber_discard(struct subscriber *stream);

/* What the kernel is to do with its socket. */
void subscriber_tune(int fd);

/* Its socket is ready for something: epoll's flags. */
void subscriber_look(struct subscriber *stream, uint32_t ready);

/* Ends it when its reader is too slow. */
void subscriber_drop_if_late(struct subscriber *stream);

/* At the end of a turn: sends what is to be sent, to so many as one turn is for. The others stay
 * hub->dirty. */
void subscribers_flush(struct hub *hub);

/* Frees those that are over and that nobody has any more. */
void subscribers_bury(struct hub *hub);

/* Its socket and all that it holds go; the struct follows when nobody has it. */
void subscriber_end(struct subscriber *stream);

/* Something was added to its outbox: sent at the turn's end. */
void subscriber_touch(struct subscriber *stream);

/* Adds a message; ends the stream when its reader is too slow, or memory is short. */
void subscriber_say(struct subscriber *stream, struct message *message);

/* Says goodbye: a WebSocket gets the code; what waits is sent, then it ends. */
void subscriber_close(struct subscriber *stream, uint16_t code, const char *why);

/* Whether what its client sends is read. */
void subscriber_listen(struct subscriber *stream, bool reads);

/* Begins to be told what happens. False: out of memory. */
bool subscriber_watch(struct subscriber *stream);
/* From here on it is told nothing. */
void subscriber_unwatch(struct subscriber *stream);

/* Whether the event passes its filter. */
bool subscriber_wants(const struct subscriber *stream, const struct live_event *event);
