#pragma once

#include "store/postgres/postgres_private.h"

/* Hears what the server tells of others' writes. */

struct listener;

/* A thread that waits for the server's hints, with a connection of its own, over which it also tells the
 * other nodes of this one. wake is called when another node has written into the log, and after each
 * connecting. NULL: no thread could be started. */
struct listener *listener_new(struct postgres_log *log, void (*wake)(void *arg), void *arg);

/* Ends the thread, and takes this node from among the others; wake is not called any more. NULL is fine. */
void listener_free(struct listener *listener);
