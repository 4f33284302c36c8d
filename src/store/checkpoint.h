#pragma once

#include "store/store.h"

/* The checkpoint file: the model as of one sequence, written behind the events, and the index of each
 * learner's events. It may be thrown away: it is made again from the events. Every node has its own, in
 * store/sqlite/. One thread, the checkpointer's, unless a function says otherwise. */

enum checkpoint_row_kind { CHECKPOINT_LEARNER, CHECKPOINT_COURSE, CHECKPOINT_ITEM };

struct checkpoint_row {
    enum checkpoint_row_kind kind;
    uint32_t key;
    const uint8_t *bytes; /* NULL: take the row away */
    size_t size;
};

/* The sequence that the checkpoint file covers; 0: there is none, or it belongs to another store. */
uint64_t store_checkpoint_sequence(const struct store *store);

/* Walks all rows: courses, then items, then learners, each in key order. */
MUST_CHECK enum rc store_each_checkpoint_row(struct store *store,
                                             enum rc (*visit)(void *arg, const struct checkpoint_row *row,
                                                              struct fault *fault),
                                             void *arg, struct fault *fault);

/* Throws the checkpoint's content away: the next start folds all events. */
MUST_CHECK enum rc store_checkpoint_discard(struct store *store, struct fault *fault);

/* One transaction: begin, any number of rows and events, commit with the sequence that all rows now cover and
 * the completion threshold that is in force there. */
MUST_CHECK enum rc store_checkpoint_begin(struct store *store, struct fault *fault);

/* Within the transaction: puts a row in the place of the one with its kind and key, or takes that away (bytes
 * NULL). */
MUST_CHECK enum rc store_checkpoint_row(struct store *store, const struct checkpoint_row *row,
                                        struct fault *fault);

/* Makes the rows durable together: they cover events up to sequence, with that completion threshold in force.
 * On an error the transaction is over and the file as before. */
MUST_CHECK enum rc store_checkpoint_commit(struct store *store, uint64_t sequence,
                                           uint16_t threshold_hundredths, struct fault *fault);

/* Between transactions, when no more is expected for a while: gives back the memory that the file's pages
 * take. */
void store_checkpoint_rest(struct store *store);

/* Gives the transaction up; the file is as before. Fine when none is open. */
void store_checkpoint_rollback(struct store *store);

/* Leaves no copy of what was deleted beside the checkpoint (in the WAL). RC_BUSY: a reader is in the way; try
 * again. */
MUST_CHECK enum rc store_scrub_checkpoint(struct store *store, struct fault *fault);

/* The threshold of the last commit; 0: none. */
uint16_t store_checkpoint_threshold(const struct store *store);

/* Whose event a sequence is; learner 0: the catalogue's. */
struct event_ref {
    uint64_t sequence;
    uint32_t learner;
};

/* Within the transaction: enters events, sorted by learner and sequence, in the index of each learner's
 * events. */
MUST_CHECK enum rc store_checkpoint_events(struct store *store, const struct event_ref *refs, size_t count,
                                           struct fault *fault);

/* That an event names somebody or something; what: model/tail.h's hash. */
struct mention_ref {
    uint64_t sequence, who;
};

/* Within the transaction: enters mentions, sorted by who and sequence. */
MUST_CHECK enum rc store_checkpoint_mentions(struct store *store, const struct mention_ref *refs,
                                             size_t count, struct fault *fault);

/* The sequences that the index knows under who, ascending, up to the checkpoint; some may be gone. Any
 * thread. */
MUST_CHECK enum rc store_each_mention(struct store *store, uint64_t who,
                                      enum rc (*visit)(void *arg, uint64_t sequence, struct fault *fault),
                                      void *arg, struct fault *fault);

/* Newest first, a part of them: visits those of the sequences under who that lie below before and in its last
 * part that holds any (up to 65,536, ascending). *out_next: where that part begins, to go on with; 0: it was
 * the last. Any thread. */
MUST_CHECK enum rc store_mentions_before(struct store *store, uint64_t who, uint64_t before,
                                         enum rc (*visit)(void *arg, uint64_t sequence, struct fault *fault),
                                         void *arg, uint64_t *out_next, struct fault *fault);

/* Within the transaction: forgets all events of a learner. */
MUST_CHECK enum rc store_checkpoint_forget(struct store *store, uint32_t learner, struct fault *fault);

/* A learner's events as the index knows them, ascending; it knows those up to the checkpoint. Safe from any
 * thread.
 */
MUST_CHECK enum rc store_each_indexed(struct store *store, uint32_t learner,
                                      enum rc (*visit)(void *arg, uint64_t sequence, struct fault *fault),
                                      void *arg, struct fault *fault);

/* The whole index: each entry once, in no order that matters. For a store opened for reading. */
MUST_CHECK enum rc store_each_index_entry(struct store *store,
                                          enum rc (*visit)(void *arg, uint32_t learner, uint64_t sequence,
                                                           struct fault *fault),
                                          void *arg, struct fault *fault);

/* ---- a new generation of the checkpoint file: the old one stays until the new one is whole ---- */

/* Begins an empty checkpoint file beside the present one; the rows that follow go there. Errors: as
 * store_open; the present one stays. */
MUST_CHECK enum rc store_renew_begin(struct store *store, struct fault *fault);

/* Makes the new file the one that counts and removes the old one; a kill before leaves the old one in force.
 */
MUST_CHECK enum rc store_renew_end(struct store *store, struct fault *fault);
