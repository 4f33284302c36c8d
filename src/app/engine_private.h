#pragma once

#include <pthread.h>

#include "app/system_figures.h"
#include "app/batch.h"
#include "app/engine.h"
#include "app/erase_jobs.h"
#include "app/queue.h"
#include "model/revision.h"

struct checkpointer;

/* The engine from inside. Private to engine.c and to the modules that are its parts: startup, queue, commit,
 * others, revising, traces, checkpointer. No face, no program, no test includes it. */

enum { COMMITS_KEPT = 1024 }; /* whose durations are remembered */

/* A long start writes the model after so many events, so that its tail stays bounded and the next start need
 * not begin anew. */
enum { START_CHECKPOINT_EVENTS = 1 << 20 };

/* Invariants. What the engine's thread alone touches needs no lock; before engine_start that thread is the
 * caller's. `state` is written by the engine's thread, under the lock; so that thread reads it without. A
 * command is in one place at a time: small, large or blocked, or in the batch, or it was answered. revision
 * is NULL exactly when phase means nothing and `blocked` is empty. No lock is taken while `lock` is held. */
struct engine {
    /* from the start to the end the same */
    struct store *store;
    struct log *log; /* the store's; NULL: that was opened for reading alone */
    struct policy policy;
    const struct live_sink *live; /* NULL: nobody watches */
    struct idempotency *answers;  /* where those of other nodes are noted; NULL: nowhere */
    struct model *model;
    struct tail *tail;
    struct checkpointer *checkpointer;
    pthread_t thread;
    bool runs;                   /* the thread does */
    struct segment *others_room; /* for decoding what others wrote; NULL: nobody else writes the log */

    struct engine_timings timings; /* the engine's thread adds, anybody reads */

    /* the engine's thread's */
    struct fold fold;
    struct batch batch;
    struct log_turn followed;  /* the last turn that the model holds */
    uint64_t told;             /* events of others that were taken over in this go */
    bool gathers;              /* what comes while the batch waits for its turn joins it */
    bool starting;             /* engine_new is not over: what others wrote is told to policy.followed */
    uint64_t unwritten;        /* at the start: events taken over since the checkpoint file was written */
    uint64_t next_turn;        /* the turn that is held: the batch's; 0: none is */
    int64_t probed_ms;         /* monotonic, when it last looked for room */
    struct erase_jobs *jobs;   /* what erasures have still to take out of the event file */
    int64_t jobs_after_ms;     /* monotonic; a step failed before */
    bool scrub;                /* somebody was erased: the event file's log still holds copies */
    int64_t scrub_after_ms;    /* monotonic; a reader was in the way before */
    struct revision *revision; /* an edit that touches very many; NULL: none is under way */
    enum revision_phase phase;
    struct command *revising; /* the command of that edit: answered when it is shown; NULL: it was */
    struct line blocked;      /* commands on what the revision changes: they go on once it is shown */

    _Atomic int64_t reached_ms; /* monotonic, when the log last answered the engine; 0: not yet */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;  /* something is queued, or the end */
    /* Commands that wait for their batch. Those of LARGE_FROM reports or users and more are `large`: a line
     * of its own, so that a row of them is not in the way of small ones. */
    struct line small, large;
    int64_t busy_since_ms; /* monotonic, when the engine began with the commit it is working on; 0: none */
    bool stopping, sleeping;
    bool others_wrote;                /* perhaps: the log said so */
    uint32_t commit_us[COMMITS_KEPT]; /* how long the last commits took, in a ring */
    uint64_t commit_count;
    uint64_t erasures;             /* how often events were taken out of the log since the start */
    struct event_counting counted; /* the last count of all events; begun false: there is none */
    uint32_t turn_waiters;         /* who waits for a turn to be published */
    pthread_cond_t turned;         /* one was, and somebody waits */
    struct engine_state state;
    struct log_costs log_costs; /* counted only where other nodes write the log */
};
