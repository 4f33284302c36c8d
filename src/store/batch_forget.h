#pragma once

#include <stdbool.h>

#include "store/batch.h"

/* What an erasure takes out of the batches before it, in a log that keeps batches whole. */

/* Whether anything of it was in the batch, whose arrays are changed. what: events that go or are rewritten.
 * erasure (may be NULL): with the learner's id, entries and answers, and the names that go with them. */
bool batch_forget(struct store_batch *batch, const struct store_forgetting *what,
                  const struct store_erasure *erasure);
