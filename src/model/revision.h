#pragma once

#include "model/fold.h"

/* A catalogue edit that touches very many learners, worked out in slices. Its event is committed first and
 * alone is the durable fact; what it means for each learner is prepared a few milliseconds at a time between
 * batches, while commands on the courses and items that it touches wait, and readers see what was before.
 * Then all of it is shown at once, and the states that it changed move into their slots, again in slices.
 * Everything that others write meanwhile is about other items and courses, so that folding the events in
 * their order ends in the same state. Engine thread only. Source: docs/decisions/0014. */

struct revision;

/* Before the commit, when fold has deferred the effect of an edit (fold->deferred): what revision_take needs.
 * Errors: RC_BUSY, out of memory. */
MUST_CHECK enum rc revision_new(const struct fold *fold, struct revision **out_revision);

/* After the commit, in place of fold_publish: the fold's private definitions are the revision's. */
void revision_take(struct revision *revision, struct fold *fold);

enum revision_phase {
    REVISION_PREPARING, /* readers see what was before; what it touches waits */
    REVISION_SHOWN,     /* readers see all of it; other edits, erasures and slices wait */
    REVISION_OVER
};

/* Works at the revision for about that many milliseconds, and says how far it is. */
enum revision_phase revision_step(struct revision *revision, int64_t milliseconds);

/* NULL is fine. Before revision_take: nothing has happened. */
void revision_free(struct revision *revision);

/* Whether a revision that is being prepared touches the course, the item, or the course that the item belongs
 * or is bound to; 0: none. Engine thread only. */
bool revision_touches(struct view view, uint32_t course, uint32_t item);
