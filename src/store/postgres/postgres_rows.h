#pragma once

#include "store/postgres/postgres_private.h"

/* Rows of the log: read, checked, handed over, and written anew when somebody is erased. */

/* What a row says beside its bytes. */
void postgres_read_head(const PGresult *rows, int row, struct log_head *out);

/* An array of int8 for an argument, in binary, appended to out. */
void postgres_put_array(struct buf *out, const uint64_t *numbers, size_t count);

/* Rows after a turn, each handed over whole, with the chain checked; limit: at most so many rows.
 * *inout_after moves with them. *out_all: there were fewer than the limit. A batch whose erasure rewrote
 * events has these as they are now. */
MUST_CHECK enum rc postgres_visit(struct postgres_log *log, const PGresult *rows, int limit,
                                  struct log_turn *inout_after, log_visitor *visit, void *arg, bool *out_all,
                                  struct fault *fault);

/* A row's bytes decoded, with what it says beside them. Borrows from rows and the arena. */
MUST_CHECK enum rc postgres_decode(const PGresult *rows, int row, struct arena *arena,
                                   struct store_batch *out, struct fault *fault);

/* What names somebody in a batch, for milepost_named, appended to out; a learner's, course's or item's key,
 * or the hash of an id. */
void postgres_names(const struct store_batch *batch, struct buf *out);

/* Takes what was forgotten out of the rows; within a transaction that holds the lock. erasure: NULL or what
 * goes with it. RC_BUSY: it failed, and the transaction with it. */
MUST_CHECK enum rc postgres_rewrite(struct postgres_log *log, const struct store_forgetting *what,
                                    const struct store_erasure *erasure, struct fault *fault);
