#pragma once

#include "app/log_settling.h"
#include "model/log_totals.h"
#include "base/arena.h"
#include "store/store.h"

/* Log entries as they are within a batch: what the store has, and what the batch has changed so far, so that
 * any number of changes of one entry are one commit. Private to the engine. */

struct batch;

struct batch_logs {
    struct log_totals *totals;  /* published */
    struct settlings settlings; /* rows that follow their event */
    struct store_log *changes;  /* in order; members lie in the batch's or the command's arena */
    size_t change_count, change_room;
    struct log_total *changed; /* learners of this batch, with what will be published */
    size_t changed_count, changed_room;
    struct log_place *places; /* open addressing; a power of two */
    size_t place_count, place_room;
};

/* A change to be written with the events. RC_BUSY: out of memory, as below. log->deleted without a log_id:
 * all of the learner's. */
MUST_CHECK enum rc batch_put_log(struct batch *batch, const struct store_log *log, struct fault *fault);

/* An entry, copied into the arena; one that is gone is still told whose it was (deleted). RC_NOT_FOUND. */
MUST_CHECK enum rc batch_log(struct batch *batch, uint64_t log_id, struct arena *arena, struct store_log *out,
                             struct fault *fault);

/* The learner's total as of this batch, to be changed; until the next call. NULL: out of memory. */
struct log_total *batch_log_total(struct batch *batch, uint32_t learner);

/* After the commit, or when the batch is abandoned. */
void batch_logs_publish(struct batch *batch);

/* After the commit, or when the batch is abandoned: the batch's changes are forgotten. */
void batch_logs_clear(struct batch *batch);

/* Frees what is held; the totals are the engine's. */
void batch_logs_done(struct batch_logs *logs);
