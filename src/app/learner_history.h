#pragma once

#include "app/history_model.h"
#include "core/live.h"

/* What happened to a learner, newest first, a page of it: which events, and how things stood right after
 * each. The learner's events are folded up to the page, as for a look back; so it is for a thread that may
 * wait for the disk. One thread at a time. Source: contract 9, history. */

struct learner_history_query {
    uint32_t learner, course, item; /* keys; course, item 0: any */
    bool any_course, any_item;      /* else those alone, also when they are 0: unknown */
    bool logs;                      /* log entries too */
    bool hides_previews;            /* of who is not enrolled: somebody else of the course reads */
    int64_t from_ms, to_ms;         /* inclusive */
    uint64_t before;                /* sequence: only what came before; UINT64_MAX: all */
    uint32_t limit;
};

struct learner_history;

/* Copies the query. Errors: RC_BUSY. */
MUST_CHECK enum rc learner_history_new(const struct history *history,
                                       const struct learner_history_query *query,
                                       struct learner_history **out_history, struct fault *fault);

/* NULL is fine; half-way too. */
void learner_history_free(struct learner_history *history);

/* Some milliseconds of the work. *out_done: the page is there. Errors: RC_BUSY, RC_INTERNAL. */
MUST_CHECK enum rc learner_history_step(struct learner_history *history, bool *out_done, struct fault *fault);

/* How things stood after an event; ids are not set. */
struct learner_moment {
    struct live_event live;
    int64_t at_ms;
};

/* Once done. Of how many events the page consists, oldest first; */
uint32_t learner_history_count(const struct learner_history *history);

/* one of them; i is below the count; */
const struct learner_moment *learner_history_at(const struct learner_history *history, uint32_t i);

/* whether older ones follow. */
bool learner_history_has_more(const struct learner_history *history);
