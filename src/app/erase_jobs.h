#pragma once

#include "app/erase_plan.h"

/* Erasures that are decided and durable, of which events are still to be taken out of the file: more than one
 * commit should hold. The engine does them a few milliseconds at a time, between its batches; what is under
 * way is written down, so that a start goes on with it. Nobody can look up the person meanwhile. One thread,
 * the engine's. Source: docs/decisions/0007, 0016, 0030, 0032. */

struct erase_jobs;

/* Loads the erasures that the store has written down; of a copy of a log that was opened without it none: who
 * opens both goes on with them. Errors: RC_BUSY, out of memory; else the store's. */
MUST_CHECK enum rc erase_jobs_new(struct store *store, struct erase_jobs **out_jobs, struct fault *fault);

/* NULL is fine. What is not finished, the next start goes on with. */
void erase_jobs_free(struct erase_jobs *jobs);

/* Whether the node's own files hold an event of the erasure's `own`. Errors: RC_BUSY, out of memory; else the
 * store's. */
MUST_CHECK enum rc erase_jobs_look(struct store *store, const struct store_erasure *erasure, bool *out_any,
                                   struct fault *fault);

/* After the commit that wrote it down. False: out of memory; the next start goes on with it. */
bool erase_jobs_add(struct erase_jobs *jobs, const struct store_erasure *erasure);

/* Whether anything is left to do. */
bool erase_jobs_pending(const struct erase_jobs *jobs);

/* One transaction. *out_finished: a job came to its end, the log is to be scrubbed. Errors: as store_commit;
 * RC_CONFLICT: the log is not the one that this node has followed, and was left as it is. */
MUST_CHECK enum rc erase_jobs_step(struct erase_jobs *jobs, bool *out_finished, struct fault *fault);

/* Sequences as they are written down, in the arena: their number, then differences. NULL: out of memory. */
const uint8_t *erase_list_encode(const uint64_t *sequences, size_t count, struct arena *arena,
                                 size_t *out_size);
