#pragma once

#include "model/model.h"
#include "model/tail.h"
#include "store/checkpoint.h"

/* The checkpoint file: what the model was at one sequence. A checkpoint is everything that changed since the
 * last one, taken between two batches, so that every row and every sum on disk belongs to the same sequence;
 * replay starts right after it. Source: docs/decisions/0002. */

struct checkpoint;

/* Takes what is dirty, at model->published, and the tail's events. Engine thread, between batches.
 * *out_checkpoint NULL: nothing was. */
MUST_CHECK enum rc checkpoint_take(struct model *model, struct tail *tail,
                                   struct checkpoint **out_checkpoint);

/* Writes the checkpoint as one transaction. Any one thread. Errors: the store's; nothing is written then. */
MUST_CHECK enum rc checkpoint_write(struct checkpoint *checkpoint, struct store *store, struct fault *fault);

/* Engine thread: frees it; when it was not written, its rows are dirty again and its events in the tail. */
void checkpoint_done(struct checkpoint *checkpoint, struct model *model, bool written);

/* The sequence that the checkpoint covers. */
uint64_t checkpoint_sequence(const struct checkpoint *checkpoint);

/* Once written: learners whose row was left out, since no row can be so long. */
uint32_t checkpoint_too_long(const struct checkpoint *checkpoint);
