#pragma once

#include "base/fault.h"
#include "store/store.h"

/* A rollback or a clearing of many log entries is committed as an event with the totals it leads to; the
 * entries' rows follow a few at a time, with the batches that come after it, so that nobody else waits for
 * them. Until the last of them the learner's total says so: their reads wait (log_totals_settled), their
 * changes are tried again. A start after a kill finds out anew what is left to do, and so does another node
 * when the one that began it goes on no more. The engine's thread. docs/decisions/0006. */

struct batch;

/* at most with one batch: below a millisecond; fewer need none of this */
enum { SETTLE_ROWS = 128, SETTLE_BYTES = 128 << 10 };

struct settlings {
    struct settling *first, *last; /* committed, not over */
    struct settling *fresh;        /* of this batch */
    bool stepped;                  /* the first one moves on with this batch */
};

/* Rows that are still to be changed, of an event in this batch; all is copied. changes NULL: count entries
 * go. */
MUST_CHECK enum rc settling_add(struct batch *batch, uint32_t learner, uint64_t event,
                                const struct store_log *changes, size_t count, struct fault *fault);

/* Adds some rows of the settling that is first in line to the batch, which holds its turn: what another node
 * has ended meanwhile is dropped. */
MUST_CHECK enum rc settling_step(struct batch *batch, struct fault *fault);

/* After the commit: what the batch added, or did for the first in line, stands. */
void settling_publish(struct batch *batch);

/* When the batch is abandoned: what it added is forgotten. */
void settling_abandon(struct batch *batch);

/* Forgets what is still to be settled of a learner who was erased. */
void settling_forget(struct batch *batch, uint32_t learner);

/* Frees what is left; the next start finds out anew what it was. */
void settlings_done(struct settlings *settlings);

/* At a start: finds out what a kill left undone, and queues it. */
MUST_CHECK enum rc settling_resume(struct batch *batch, struct fault *fault);

/* What a batch of another node says of what is being settled. */
void settling_heard(struct batch *batch, const struct store_batch *others);

/* Nothing came for long of what is settled of a learner: finds out what is left, and queues it. */
MUST_CHECK enum rc settling_take_over(struct batch *batch, uint32_t learner, struct fault *fault);
