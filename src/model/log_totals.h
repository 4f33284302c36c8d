#pragma once

#include "base/fault.h"
#include "store/store.h"

/* How many log entries each learner has, and how large: what the budgets are held against, and what tells a
 * read without a look at the store that there are none. Resident, for learners who ever had any; kept in the
 * event file with the events that change it. Any thread; the engine's alone changes them. Source: contract 5;
 * core/limits.h. */

struct log_totals;

struct log_total {
    struct store_log_total kept;
    uint64_t changed; /* the sequence of the last event about their log entries; 0: none since the start */
};

/* Reads the totals that the store has. Errors: RC_BUSY, out of memory; else the store's. */
MUST_CHECK enum rc log_totals_new(struct store *store, struct log_totals **out_totals, struct fault *fault);

/* NULL is fine. Nobody may use them any more. */
void log_totals_free(struct log_totals *totals);

/* A learner's total; zeros when they never had an entry. Any thread. */
struct log_total log_totals_of(struct log_totals *totals, uint32_t learner);

/* Waits until no rows of theirs are still to be changed, a few seconds at most. False: they are. Any thread
 * that may wait. */
MUST_CHECK bool log_totals_settled(struct log_totals *totals, uint32_t learner);

/* All of them, until visit returns false; it asks nothing of the totals. */
void log_totals_each(struct log_totals *totals, bool (*visit)(void *arg, const struct log_total *total),
                     void *arg);

/* Aborts when out of memory: the events are durable already, and the next start reads them again. */
void log_totals_set(struct log_totals *totals, const struct log_total *total);
