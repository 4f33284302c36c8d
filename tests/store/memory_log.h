#pragma once

#include "store/log.h"

/* A log in memory that many nodes write, for tests: what a server database would be, with its moods. A server
 * holds the batches; each node opens a log of its own on it. Any thread. */

struct memory_server;

/* How often, of 1,000 commits, it answers so; and whether it does what it could not say it did. */
struct memory_moods {
    uint32_t refuses, doubts; /* in doubt: half of the batches are stored */
    uint32_t skips;           /* begin finds that numbers were given out that nobody used */
    uint32_t busy;            /* begin gets no turn */
};

struct memory_server *memory_server_new(uint64_t seed);
void memory_server_free(struct memory_server *server);

void memory_server_set_moods(struct memory_server *server, struct memory_moods moods);

/* Takes the last turns back, as a standby does that lacked them. */
void memory_server_lose(struct memory_server *server, uint64_t after);

/* Whether the bytes stand anywhere in it. */
bool memory_server_holds(const struct memory_server *server, const char *bytes, size_t size);

/* How many batches it holds, how often it answered LOG_UNKNOWN of a batch that it has, or has not, and how
 * often it was asked to forget something. */
struct memory_counts {
    uint64_t turns, refused, doubted_stored, doubted_lost, brought, forgets;
};
struct memory_counts memory_server_counts(const struct memory_server *server);

/* For store_open_on; what: the server. */
extern const struct log_methods memory_log;
