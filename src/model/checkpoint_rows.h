#pragma once

#include "base/buf.h"
#include "model/model.h"
#include "store/checkpoint.h"

/* The rows of the checkpoint file, as bytes. A course's or item's: its definition (empty when unknown), then
 * its sums, so that a start can compare them with the learners'. */

/* What the checkpoint file would hold of one learner, course or item. False: nothing, or out of memory. */
bool checkpoint_row_encode(const struct model *model, enum checkpoint_row_kind kind, uint32_t key,
                           struct buf *out);

/* The same of what a checkpoint took; out->failed: out of memory. */
void checkpoint_course_encode(const struct course_def *def, const struct course_sums *sums, struct buf *row);

/* As checkpoint_course_encode, of an item. */
void checkpoint_item_encode(const struct item_def *def, const struct item_sums *sums, struct buf *row);

/* An item's sums as text, as they stand in its row. */
void checkpoint_sums_encode(const struct item_sums *sums, struct buf *out);
