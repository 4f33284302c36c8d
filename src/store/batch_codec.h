#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "store/batch.h"

/* A batch as bytes, as a log elsewhere keeps it: varints (base/codec.h), and a CRC-32 at the end. What a log
 * keeps beside them is not in them: the batch's id, turn, instant and counters. The encoding only grows. */

/* Appends the batch to out, whose `failed` says whether there was memory for it. Of its erasure the events
 * that stay are named alone: their present form is in the log. */
void batch_encode(const struct store_batch *batch, struct buf *out);

/* Reads what batch_encode wrote into *inout, whose id, turn, instant and counters are the caller's. Arrays
 * are in the arena and may be changed; bytes are borrowed from what is read. RC_INTERNAL: damaged; RC_BUSY:
 * out of memory. */
MUST_CHECK enum rc batch_decode(const uint8_t *bytes, size_t size, struct arena *arena,
                                struct store_batch *inout, struct fault *fault);
