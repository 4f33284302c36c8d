#pragma once

#include "app/adopting.h"
#include "app/batch_logs.h"
#include "app/command.h"
#include "app/engine.h"
#include "app/live_batch.h"
#include "app/unfinished.h"
#include "model/fold.h"
#include "app/history.h"
#include "store/store.h"

/* What one batch of commands has decided so far. Private to the engine. */

struct batch {
    struct fold *fold;
    struct store *store;
    struct history history; /* what was committed before this batch */
    const struct policy *policy;
    int64_t now_ms;
    struct arena arena; /* encoded events, log entries; until the commit */
    struct stored_event *events;
    size_t event_count, event_room;
    struct batch_logs logs;
    struct adoptions adoptions;
    struct unfinished unfinished;        /* what other nodes have begun of these */
    struct store_counters counters;      /* what would be given out */
    const struct store_erasure *erasure; /* NULL: none */
    struct live_note live;               /* for those who watch */
};

/* Numbers the event, applies it to the fold, keeps it for the commit. Errors: RC_BUSY, out of memory: the
 * whole batch must be abandoned. */
MUST_CHECK enum rc batch_emit(struct batch *batch, struct event *event, struct fault *fault);

/* The key of a learner, course or item, given out when new. 0: out of memory. */
uint32_t batch_learner(struct batch *batch, struct text id);

/* The key of a course, given out when new; 0: out of memory. */
uint32_t batch_course(struct batch *batch, struct text id);

/* The key of an item, given out when new; 0: out of memory. */
uint32_t batch_item(struct batch *batch, struct text id);

/* An event of the command on this learner, with actor, face, device and instant filled in. */
struct event batch_event(const struct command *command, enum event_kind kind);

/* The instant that all events of the command get. Source: contract 1, Instants. */
int64_t batch_instant(const struct batch *batch, const struct command *command, uint32_t learner_key);

/* Before the learner is enrolled in the course: it counts from now on what they have previewed in it. */
MUST_CHECK enum rc batch_teach_held(struct batch *batch, const struct command *command, uint32_t learner,
                                    uint32_t course, struct fault *fault);

/* Enrols under enroll = auto all who hold reported progress on an item that just came to a course, but those
 * who only previewed it, or who may be enrolled in no more. When they are many, later: app/adopting.h. */
MUST_CHECK enum rc batch_adopt(struct batch *batch, struct command *command, uint32_t item, uint32_t course,
                               struct fault *fault);

/* One of them. command: the instant, the face and the actor of what is emitted. */
MUST_CHECK enum rc batch_adopt_one(struct batch *batch, const struct command *command, uint32_t learner,
                                   uint32_t item, uint32_t course, struct fault *fault);
