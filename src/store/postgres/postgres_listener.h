#pragma once

#include <stdint.h>

/* Hears what the server tells of others' writes. */

struct listener;

/* A thread that waits for the server's hints, with a connection of its own. wake is called when another node
 * has written into the log of that number, and after each connecting. NULL: no thread could be started. */
struct listener *listener_new(const char *url, int32_t number, const uint8_t node[16],
                              void (*wake)(void *arg), void *arg);

/* Ends the thread; wake is not called any more. NULL is fine. */
void listener_free(struct listener *listener);
