#pragma once

#include "model/model.h"
#include "model/tail.h"
#include "core/log_entries.h"

/* What was: one learner's events, their state at any bound, the life of a log entry. Reads the event file, so
 * not for a thread that must not wait. history_model() is in history_model.c. Any thread. Source: contract 5
 * and 7; docs/decisions/0006. */

/* What histories are read from; the engine gives it (engine_history). */
struct history {
    struct store *store;
    struct tail *tail;
    struct model *model;
};

struct sequences {
    uint64_t *at; /* ascending, each once */
    size_t count, room;
};

/* Frees the numbers; the list is empty again. */
void sequences_done(struct sequences *sequences);

/* Appends; false: out of memory. */
bool sequences_add(struct sequences *sequences, uint64_t sequence);

/* Sorted, each once. */
void sequences_settle(struct sequences *sequences);

/* All events of a learner (0: of the catalogue), appended and settled. */
MUST_CHECK enum rc history_sequences(const struct history *history, uint32_t learner, struct sequences *out,
                                     struct fault *fault);

/* A learner's events, decoded, in order; what they point to is borrowed for the visit. False ends the walk.
 */
MUST_CHECK enum rc history_events(const struct history *history, uint32_t learner,
                                  bool (*visit)(void *arg, const struct event *event), void *arg,
                                  struct fault *fault);

/* The same of events whose sequences are known, a page of them. */
MUST_CHECK enum rc history_page(const struct history *history, const uint64_t *sequences, size_t count,
                                bool (*visit)(void *arg, const struct event *event), void *arg,
                                struct fault *fault);

/* Whether a text may be a bound at all; what is known before whose it is. RC_INVALID names field. */
MUST_CHECK enum rc history_readable(const char *text, const char *field, struct fault *fault);

/* The bound that a client's text means: an event id of this learner's, an instant, or a date (its midnight
 * UTC). RC_INVALID names field. */
MUST_CHECK enum rc history_bound(const struct history *history, uint32_t learner, const char *text,
                                 const char *field, struct bound *out, struct fault *fault);

/* A model that holds one learner as they were, and of the catalogue what counts for them: the courses of
 * their events and of their items, and those that took an item from one of these; free it with model_free.
 * Ids are read from the other model, which must outlive it. Memory: that of the learner and those courses. */
MUST_CHECK enum rc history_model(const struct history *history, uint32_t learner, const struct bound *bound,
                                 struct model **out_model, struct fault *fault);

/* A learner's log entries at a bound, by log_id. */
struct log_entries {
    struct log_state *at;
    size_t count;
    struct arena arena; /* their members */
};

/* Frees the entries and their members. Fine for one that was never filled, all zeros. */
void log_entries_done(struct log_entries *entries);

/* Reads the learner's events from the last back, a page at a time; keeps the members of what is there in the
 * end, and a few bytes for each entry that ever was. */
MUST_CHECK enum rc history_logs(const struct history *history, uint32_t learner, const struct bound *bound,
                                struct log_entries *out, struct fault *fault);

/* The same of one learner's events whose sequences are known, ascending. */
MUST_CHECK enum rc history_fold_logs(struct store *store, const uint64_t *sequences, size_t count,
                                     const struct bound *bound, struct log_entries *out, struct fault *fault);

/* What happened to one entry. */
enum log_change { LOG_CREATED, LOG_UPDATED, LOG_DELETED, LOG_ROLLED_BACK, LOG_REMOVED_BY_ROLLBACK };

/* Visits the changes of one entry of a learner's, oldest first, until visit returns false; after: the entry
 * then, NULL when it was gone. What it points to is borrowed for the visit. Each event is read once, and once
 * more for an entry that a rollback brought back. */
MUST_CHECK enum rc history_of_log(const struct history *history, uint32_t learner, uint64_t log_id,
                                  bool (*visit)(void *arg, const struct log_event *event,
                                                enum log_change change, const struct log_state *after),
                                  void *arg, struct fault *fault);
