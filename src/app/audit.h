#pragma once

#include "app/history.h"

/* Who did what to whom, newest first, a page of it: the events that event_is_act says of, found through the
 * index of the mentions and read from the event file; so it is for a thread that may wait for the disk. Each
 * call looks at a bounded number of acts: with a filter a page may be short although more follow. One thread
 * at a time. Source: docs/operations.md, Watch. */

struct audit_query {
    bool any_learner;
    uint32_t learner;       /* key; 0: unknown */
    struct text actor;      /* bytes NULL: any */
    int64_t from_ms, to_ms; /* inclusive */
    uint64_t before;        /* sequence: only what came before; UINT64_MAX: all */
    uint32_t limit;
};

struct audit;

/* Copies the query; the actor's bytes are borrowed until audit_free. Errors: RC_BUSY. */
MUST_CHECK enum rc audit_new(const struct history *history, const struct audit_query *query,
                             struct audit **out_audit, struct fault *fault);

/* NULL is fine; half-way too. */
void audit_free(struct audit *audit);

/* One of the acts, borrowed for the visit. actor: as the event has it, "erased" of who is being erased or
 * erased themselves, empty when nobody is known; the learner's id is the caller's to look up: there is none
 * any more of who was erased. */
struct audit_act {
    const struct event *event;
    struct text actor;
};

/* Some milliseconds of the work: acts are shown to visit. *out_done: the page is whole. Errors: RC_BUSY,
 * RC_INTERNAL, and what visit says. */
MUST_CHECK enum rc audit_step(struct audit *audit,
                              enum rc (*visit)(void *arg, const struct audit_act *act, struct fault *fault),
                              void *arg, bool *out_done, struct fault *fault);

/* Once done: where the page ended, to be given as before; 0: nothing older follows. */
uint64_t audit_next(const struct audit *audit);
