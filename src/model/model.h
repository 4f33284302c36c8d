#pragma once

#include "base/fault.h"
#include "model/view.h"

/* The model: every learner's state, the catalogue and all sums, in memory; what every read is answered from.
 * One thread changes it (the engine, through model/fold.h): it works on private copies and publishes them
 * under the write lock, so a reader sees all of a batch or nothing of it. Source: docs/decisions/0001,
 * docs/decisions/0002, docs/decisions/0003. */

/* An empty model. Errors: RC_BUSY, out of memory. */
MUST_CHECK enum rc model_new(struct model **out_model);

/* An empty model with the same keys as another, to fold a part of the past into; and a slot in it for one
 * course or item, made when it is not there (key 0 needs none). It has one for the learner. Borrows the ids:
 * the other must outlive it, and its read lock is taken. */
MUST_CHECK enum rc model_of_one(struct model *model, uint32_t learner, struct model **out_twin);

/* Makes an entry in it for a course or an item; key 0, and one that is there, need nothing. Takes the other
 * model's read lock. False: out of memory. */
MUST_CHECK bool model_of_one_slot(struct model *twin, struct model *model, enum entity kind, uint32_t key);

/* NULL is fine. Nobody may look at it any more; a state that somebody holds by reference outlives it. */
void model_free(struct model *model);

/* Between begin and end everything a view gives stays as it is; no blocking calls in between. */
struct view model_read_begin(struct model *model);

/* Gives the lock back. What the view gave may change from now on. */
void model_read_end(struct view view);

/* Forgets a learner: their state, what sums and lists hold of it, their id. Under the write lock. */
void model_forget_learner(struct model *model, uint32_t key);

/* After erasures, and not under the lock: lists of which half is stale are made anew, and swapped in under
 * the write lock. Constant on average for each entry that model_forget_learner made stale. */
void model_compact(struct model *model);

/* Lists of learners that somebody makes hold bytes of memory while they do; false: all of them would hold
 * more than most. Any thread. */
bool model_listing_takes(struct model *model, size_t bytes, size_t most);

/* The bytes are free again. */
void model_listing_gives(struct model *model, size_t bytes);

/* The sequence of the last event that readers see. */
uint64_t model_published(const struct model *model);

/* Whether the checkpoint file's log may still hold rows of somebody erased. Engine thread only. */
bool model_scrub_owed(const struct model *model);

/* A definition that is published, or (sign -1) no longer: the course that it is bound to counts it. NULL is
 * fine. */
void model_count_bound(struct model *model, const struct item_def *def, int sign);

/* For the checkpoint: notes what changed since the last one. Engine thread only, like model_replace. */
void model_mark_dirty(struct model *model, enum entity kind, uint32_t key);

/* A checkpoint took, or a start read, all that was dirty. */
void model_forget_dirt(struct model *model);

/* Before the commit, and not under the lock: room for what a publish adds, so that it need not fail, nor copy
 * long lists under the lock. False: out of memory. */
bool model_reserve_keys(struct model *model, struct keys *keys, uint32_t more);

/* The same for who owns a record of that id. */
bool model_reserve_record(struct model *model, uint32_t record_id);

/* Publishes a state (takes it): sums, rosters, holders, dirt. Under the write lock; like model_replace. */
void model_install(struct model *model, uint32_t key, struct learner_state *next);

/* Adds a learner's share to all sums, rosters and holders; sign -1 takes it out (rosters stay).
 * before or after may be NULL. Under the write lock. Aborts when out of memory: the events are already
 * durable, and the next start folds them again. */
void model_replace(struct model *model, const struct learner *before, const struct learner *after);
