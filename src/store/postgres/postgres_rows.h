#pragma once

#include "store/postgres/postgres_private.h"

/* Rows of the log: read, checked, handed over. */

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

/* RC_CONFLICT: a turn that was followed is not in the log. */
MUST_CHECK enum rc postgres_refuse_chain(struct fault *fault);

/* A row's bytes decoded, with what it says beside them. Borrows from rows and the arena. */
MUST_CHECK enum rc postgres_decode(const PGresult *rows, int row, struct arena *arena,
                                   struct store_batch *out, struct fault *fault);

/* One statement's rows, on the writer's connection; for the caller to clear. RC_BUSY. */
MUST_CHECK enum rc postgres_ask(struct postgres_log *log, enum pg_statement statement,
                                const struct pg_arguments *arguments, PGresult **out_rows,
                                struct fault *fault);

/* The rows that hold these events, or name one of these (NULL: none); likewise. */
MUST_CHECK enum rc postgres_rows_of(struct postgres_log *log, const uint64_t *sequences, size_t count,
                                    const struct buf *names, PGresult **out_rows, struct fault *fault);
