#pragma once

#include <pthread.h>

#include "app/batch.h"
#include "app/engine.h"
#include "app/erase_jobs.h"
#include "app/queue.h"
#include "model/revision.h"

/* The engine from inside. Private to engine.c and to the modules that are its parts: startup, queue, commit,
 * revising, traces, checkpointer. No face, no program, no test includes it. */

struct engine {
    struct store *store;
    struct policy policy;
    const struct live_sink *live; /* NULL: nobody watches */
    struct model *model;
    struct fold fold;
    struct batch batch;
    struct tail *tail;
    int64_t probed_ms;       /* monotonic, when it last looked for room; the engine's thread alone */
    struct erase_jobs *jobs; /* what erasures have still to take out of the event file */
    int64_t jobs_after_ms;   /* monotonic; a step failed before */
    bool scrub;              /* somebody was erased: the event file's log still holds copies */
    int64_t scrub_after_ms;  /* monotonic; a reader was in the way before */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work, checkpoint_work;
    struct line small, large; /* what waits; a row of large commands is not in the way of small ones */
    int64_t busy_since_ms;    /* monotonic, when the engine began with the batch it is working on; 0: none */
    bool stopping, sleeping, threads_run;
    struct checkpoint *checkpoint; /* taken, being written by the checkpointer */
    bool checkpoint_over, checkpoint_ok;
    struct engine_state state;

    struct revision *revision; /* the engine's thread's, likewise below; NULL: none is under way */
    enum revision_phase phase;
    struct command *revising; /* answered when its revision is shown */
    struct line blocked;      /* what waits for it */

    pthread_t engine_thread, checkpointer;
    int64_t last_checkpoint_ms;
};
