#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

/* A few threads for what takes long: histories, exports, lists of large courses. They give way to the event
 * loops and the engine (nice). Every caller has a line of their own, of which one job runs at a time; the
 * lines take turns, so that whoever sends a thousand delays only themselves. Thread-safe. */
struct worker;

enum {
    WORKER_LINE_MAX = 256,     /* jobs that wait in one caller's line */
    WORKER_WAITING_MAX = 8192, /* in all */
    /* jobs of one caller that are under way, between two turns; more wait for one to end */
    WORKER_HELD_MAX = 4,
    WORKER_HELD_TOTAL = 1024, /* in all */
};

/* Starts that many threads, 1 or more. Errors: RC_BUSY, no memory or no thread. */
MUST_CHECK enum rc worker_new(unsigned threads, struct worker **out_worker);

/* Nothing new is taken; runs what waits, and tells it (job->closing), then ends the threads. What is sent
 * again later runs in worker_again itself, told likewise. */
void worker_close(struct worker *worker);

/* Closes the worker first, then frees it. NULL is fine. No job may be held any more. */
void worker_free(struct worker *worker);

struct worker_state {
    /* jobs that wait for their first turn; that have more to come; threads at work */
    unsigned waiting, held, running;
};

/* A glance at how much there is to do. Any thread; takes the worker's lock. */
struct worker_state worker_state(struct worker *worker);

/* In the caller's memory, from worker_do until run was called for the last time. */
struct job {
    void (*run)(struct job *job); /* on one of the threads */
    bool closing;                 /* the process ends: answer at once, do nothing long. Valid during run */
    bool is_long; /* it takes its time in one turn, perhaps seconds: half of the threads take none such */
    struct worker *worker; /* the worker's own, as is all that follows */
    struct job *next;
    struct line *line;
};

/* Queues the job in the line of the caller. Errors: RC_TOO_MANY, their line is full; RC_BUSY, all together
 * are. */
MUST_CHECK enum rc worker_do(struct worker *worker, struct job *job, uint64_t caller);

/* A job in several turns. From within run, as its last deed: runs again when its line has its turn. Once
 * held: from any thread, while it neither runs nor waits. Never refused. */
void worker_again(struct job *job);

/* From within run: the job outlives its turn and may be sent again until it is released. False: too many are.
 */
MUST_CHECK bool worker_hold(struct job *job);

/* Ends what worker_hold began, once: the job is its owner's again. From any thread, while the job neither
 * runs nor waits. */
void worker_release(struct job *job);
