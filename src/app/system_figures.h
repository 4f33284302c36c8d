#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

struct engine;
struct service;

/* Figures of the store and of the commits, for an operator who looks. Any thread. Source: contract 9, system.
 */

/* How long the last commits took: time to write, sync and nothing else. 0: none was yet. */
struct commit_times {
    uint64_t p50_us, p99_us;
};

/* Of the last 1,024 commits, at this instant. */
struct commit_times commit_times(struct service *service);

/* What the log is: "sqlite", or, one that nodes share, "postgres". */
const char *system_store_kind(struct service *service);

enum { SYSTEM_NODES_MAX = 64 };

/* A node of the log: the last event that it is known to have, and how many the log had more then. */
struct system_node {
    char name[128];
    uint64_t sequence, lag;
};

/* The nodes of the log as they were some seconds ago, this one as it is now; of a server of its own: none.
 * out: SYSTEM_NODES_MAX. */
size_t system_nodes(struct service *service, struct system_node *out);

/* Bytes of this node's own files. Asks the file system. */
uint64_t system_store_bytes(struct service *service);

/* How many events there are, without those that were erased: counted once, from then on those that came. */
struct event_counting {
    uint64_t after, upto, erasures;
    uint64_t events; /* once done */
    bool begun;
};

/* Some milliseconds of it, from an all-zero start. For a thread that may wait for the disk. Errors: the
 * store's. */
MUST_CHECK enum rc event_counting_step(struct service *service, struct event_counting *counting,
                                       bool *out_done, struct fault *fault);
