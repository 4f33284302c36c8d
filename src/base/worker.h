#pragma once

#include "base/fault.h"

/* A few threads for what may wait for the disk: histories, exports. GLib's thread pool. Thread-safe. */
struct worker;

MUST_CHECK enum rc worker_new(unsigned threads, struct worker **out_worker);

/* Does what is queued, then ends the threads. */
void worker_free(struct worker *worker);

struct job {
    void (*run)(struct job *job);
};

/* Runs the job on one of the threads; it is the caller's until then. RC_BUSY: too many wait. */
MUST_CHECK enum rc worker_do(struct worker *worker, struct job *job);
