#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

/* When the model's checkpoint is written, and the thread that writes it. The engine's thread takes a
 * checkpoint (a moment) and gives it back; in between the checkpointer's thread writes it, under no lock of
 * the engine's. */

struct checkpointer;
struct histogram;
struct model;
struct policy;
struct store;
struct tail;

/* All is borrowed and outlives it. woken is called by the checkpointer's thread when one is written: somebody
 * should call checkpointer_consider. Errors: RC_BUSY, out of memory. */
MUST_CHECK enum rc checkpointer_new(struct store *store, struct model *model, struct tail *tail,
                                    const struct policy *policy, void (*woken)(void *arg), void *arg,
                                    struct checkpointer **out_checkpointer, struct fault *fault);

/* How long it took to write one (histogram_times_us), also one that could not be written; since the start, by
 * the thread alone. As long as the checkpointer. Any thread reads. */
const struct histogram *checkpointer_times(const struct checkpointer *checkpointer);

/* Starts the thread. Errors: RC_BUSY, there can be no more threads. */
MUST_CHECK enum rc checkpointer_start(struct checkpointer *checkpointer, struct fault *fault);

/* Ends the thread, once it has written what it has. Fine when it does not run. */
void checkpointer_stop(struct checkpointer *checkpointer);

/* Stops it. NULL is fine. */
void checkpointer_free(struct checkpointer *checkpointer);

/* Takes back what is written; hands on the next checkpoint when enough has changed up to sequence, the last
 * event's, and none is being written. hold: not now (what is published has no one sequence). The engine's
 * thread, without its lock: the cost depends on what has changed. */
void checkpointer_consider(struct checkpointer *checkpointer, uint64_t sequence, bool hold);

/* Somebody was erased: the next call of checkpointer_consider does not wait for more changes. The engine's
 * thread. */
void checkpointer_hurry(struct checkpointer *checkpointer);

/* Takes and writes a checkpoint in the calling thread; only while the thread does not run. Errors: the
 * store's. */
MUST_CHECK enum rc checkpointer_write(struct checkpointer *checkpointer, struct fault *fault);

/* The same before there is a checkpointer. *inout_sequence: as of which event it is, once written. */
MUST_CHECK enum rc checkpointer_write_first(struct store *store, struct model *model, struct tail *tail,
                                            uint64_t *inout_sequence, struct fault *fault);

/* The last event that the checkpoint file holds. Any thread; no lock. */
uint64_t checkpointer_sequence(const struct checkpointer *checkpointer);

/* failing_since_ms: wall clock, since when the checkpoint file cannot be written; 0: it can. too_long:
 * learners whose state no row of it holds. Any thread. */
void checkpointer_state(struct checkpointer *checkpointer, int64_t *out_failing_since_ms,
                        uint32_t *out_too_long);
