#pragma once

#include "model/judge.h"
#include "store/store.h"

/* Stored events onto a model, in order: what a start, a rebuild, verify and as_of have in common. One
 * thread. Publishes now and then, and around what must stand alone: an edit of the catalogue looks at
 * published holders, an erasure takes a learner away. */
struct replay {
    struct fold *fold;
    struct segment *room; /* for what one event may carry */
    uint32_t pending;     /* applied and not published */
    uint64_t last;        /* the sequence of the last event */
    struct judge *judge;  /* asked of each event; NULL: the store's own events, which were decided */
};

/* RC_BUSY: out of memory. */
MUST_CHECK enum rc replay_init(struct replay *replay, struct fold *fold);

/* Frees what the replay holds; what is not published stays in the fold. One that replay_init refused is fine.
 */
void replay_done(struct replay *replay);

/* RC_INTERNAL: the event cannot be read, or makes no sense. RC_INVALID: the judge says why. */
MUST_CHECK enum rc replay_event(struct replay *replay, const struct stored_event *stored);

/* Lets readers see all that was replayed so far. Errors: RC_BUSY, out of memory. */
MUST_CHECK enum rc replay_publish(struct replay *replay);
