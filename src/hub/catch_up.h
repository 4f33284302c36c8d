#pragma once

#include "hub/hub_private.h"

/* What a stream missed, read from the log by the workers a page at a time, then live without gap or repeat.
 * On the hub's thread. Source: contract 6, Last-Event-ID. */

/* Tells it what it missed after stream->after, then it goes live; at once when that is nothing. */
void catch_up_start(struct subscriber *stream);

/* Its client took something: goes on when little waits. */
void catch_up_more(struct subscriber *stream);

/* A place may be free: those that wait for one begin. */
void catch_up_continue(struct hub *hub);

/* Gives up what it had begun. What a worker has comes back by itself. */
void catch_up_stop(struct subscriber *stream);

/* A client that takes nothing gives its place to others; asked now and then. */
void catch_up_yield(struct subscriber *stream);
