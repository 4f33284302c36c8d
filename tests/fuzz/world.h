#pragma once

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "face/face.h"

/* What libFuzzer's targets have in common. The world is a whole server but for its sockets: every route, the
 * engine, a store in memory (/dev/shm). A request of it is written as text. */

/* Our own bug, found: says what and ends the process, so that libFuzzer keeps the input. */
#define MUST(condition, ...)                                                                                 \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            (void)dprintf(2, "\n%s:%d: %s: ", __FILE__, __LINE__, #condition);                               \
            (void)dprintf(2, __VA_ARGS__);                                                                   \
            (void)dprintf(2, "\n");                                                                          \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

/* A directory of its own in memory, emptied when the process ends; its path. */
const char *world_directory(void);

/* Where the server has its store. */
const char *world_data(void);

/* What the program says to its operator goes nowhere, unless FUZZ_SHOW is set. */
void world_hush(void);

/* Called right before a request is handled, and once it is answered; NULL: nobody is. */
extern void (*world_handles)(bool begins);

/* The server; started on first use. After some thousand calls it is stopped, its store verified, and another
 * one started. */
struct face_context *world(void);

/* What a request was answered. body: the caller's, NUL-terminated. */
struct world_answer {
    int status;
    char *body;
    size_t size;
};

/* Sends a request: its first line ("GET /path"), its headers, an empty line, its body. "As: ROLE ID" becomes
 * a token. Checks what holds of any answer: it is no 500, its JSON parses, a 4xx stored nothing. */
void world_send(const char *bytes, size_t size, struct world_answer *out);

/* A socket that watches, as somebody who may see everything; -1: none. The other end is the hub's. */
int world_watch(void);

/* Stops the server, if there is one, and verifies its store. */
void world_end(void);

/* The whole text as NUL-terminated bytes of its own. */
char *world_text(const uint8_t *bytes, size_t size);
