#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

/* How many bytes of request bodies lie in memory: of all connections together, and of one caller. Bodies of
 * up to BODY_FREE_BYTES are not counted (a connection has 16 KiB of its own anyway), so that the many small
 * ones take no lock. Measured without: 2,000 connections that sent 15/16 MiB each took 1.96 GB. Thread-safe.
 * docs/limits.md. */

struct bodies;

enum {
    BODY_FREE_BYTES = 8 << 10,
    BODIES_MAX_BYTES = 128 << 20,       /* in all */
    BODIES_CALLER_MAX_BYTES = 32 << 20, /* of one caller */
};

/* An empty account. Errors: RC_BUSY, out of memory. */
MUST_CHECK enum rc bodies_new(struct bodies **out_bodies);

/* NULL is fine. Nobody may use it any more. */
void bodies_free(struct bodies *bodies);

/* More bytes for a caller (a hash of who it is; 0: nobody in particular, bounded by the whole alone). False:
 * past the budget, and nothing is taken. */
MUST_CHECK bool bodies_take(struct bodies *bodies, uint64_t caller, size_t bytes);

/* Gives back bytes that bodies_take took for that caller. */
void bodies_give(struct bodies *bodies, uint64_t caller, size_t bytes);

/* How many bytes are taken now. Any thread; a glance without a lock. */
size_t bodies_held(const struct bodies *bodies);

/* Whether not a byte more fits. Any thread; a glance without a lock. */
bool bodies_full(const struct bodies *bodies);
