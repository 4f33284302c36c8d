#pragma once

#include "base/fault.h"
#include "store/checkpoint.h"

/* The latest events, by sequence and learner: those that the index in the checkpoint file does not know yet.
 * The engine adds, a checkpoint takes, any thread reads. Thread-safe. Source: docs/decisions/0006. */

struct tail;

/* An empty tail. Errors: RC_BUSY, out of memory. */
MUST_CHECK enum rc tail_new(struct tail **out_tail);

/* NULL is fine. Nobody may use it any more. */
void tail_free(struct tail *tail);

/* Before the commit: room for so many more. False: out of memory. */
bool tail_reserve(struct tail *tail, size_t count);

/* Aborts when out of memory, but for what was reserved: the events are durable already, and the next start
 * reads them again. */
void tail_add(struct tail *tail, const struct stored_event *events, size_t count);

/* How many events the index does not know yet, those that go with a checkpoint among them. */
size_t tail_size(struct tail *tail);

/* What is there goes with a checkpoint; readers still see it until tail_end_checkpoint. One checkpoint at a
 * time. */
void tail_begin_checkpoint(struct tail *tail);

/* A copy of what goes with the checkpoint; free() it. NULL: none, or out of memory (count is not 0 then). */
struct event_ref *tail_in_checkpoint(struct tail *tail, size_t *out_count);

/* written: the index knows them now; else they stay. */
void tail_end_checkpoint(struct tail *tail, bool written);

/* Visits the sequences of a learner's events in the tail, in ascending order, until visit says other than
 * RC_OK, which is then the result. Any thread. */
MUST_CHECK enum rc tail_each(struct tail *tail, uint32_t learner,
                             enum rc (*visit)(void *arg, uint64_t sequence, struct fault *fault), void *arg,
                             struct fault *fault);

/* ---- where somebody, or something of the catalogue, is named ---- */

/* What mentions are looked up by: a hash, so that what is found under it is a candidate. */
uint64_t mention_of_person(const char *id, size_t size);
uint64_t mention_of_item(uint32_t item);     /* EV_ITEM_OBSERVED */
uint64_t mention_of_course(uint32_t course); /* EV_COURSE_OBSERVED */
uint64_t mention_of_acts(void);              /* all that event_is_act says of */

/* All that a stored event names so: who wrote it when that is not the learner, a course's staff, an observed
 * item or course; and the acts, when it is one. False: visit said so, or out of memory. */
bool mentions_each(const struct stored_event *event, bool (*visit)(void *arg, uint64_t who), void *arg);

/* A copy of all that the index does not know yet; free() it. NULL: none, or out of memory (count is not 0
 * then). */
struct mention_ref *tail_mentions(struct tail *tail, size_t *out_count);

/* Visits the sequences in the tail that are mentioned under who, as tail_each does. */
MUST_CHECK enum rc tail_each_mention(struct tail *tail, uint64_t who,
                                     enum rc (*visit)(void *arg, uint64_t sequence, struct fault *fault),
                                     void *arg, struct fault *fault);

/* As tail_in_checkpoint. */
struct mention_ref *tail_mentions_in_checkpoint(struct tail *tail, size_t *out_count);

/* For qsort: by who, then sequence. */
int tail_by_who(const void *a, const void *b);

/* For qsort: struct event_ref by learner, then sequence. */
int tail_by_learner(const void *a, const void *b);
