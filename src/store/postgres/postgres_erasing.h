#pragma once

#include "store/postgres/postgres_private.h"

/* Rows of the log are written anew when somebody is erased. docs/decisions/0023, 0030. */

/* What names somebody in a batch, for milepost_named, appended to out; a learner's, course's or item's key,
 * or the hash of an id. */
void postgres_names(const struct store_batch *batch, struct buf *out);

/* log_is_named. */
MUST_CHECK enum rc postgres_is_named(struct log *log, const struct store_erasure *erasure, size_t at_most,
                                     bool *out_more, struct fault *fault);

/* log_unname, within a transaction that holds the lock. RC_BUSY: it failed, and the transaction with it. */
MUST_CHECK enum rc postgres_take_names(struct postgres_log *log, const struct store_erasure *whom,
                                       bool *out_all, struct fault *fault);

/* Takes what was forgotten out of the rows; within a transaction that holds the lock. erasure: NULL or what
 * goes with it. RC_BUSY: it failed, and the transaction with it. */
MUST_CHECK enum rc postgres_rewrite(struct postgres_log *log, const struct store_forgetting *what,
                                    const struct store_erasure *erasure, struct fault *fault);
