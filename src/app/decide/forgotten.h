#pragma once

#include "app/erase_plan.h"
#include "core/event.h"

/* What the catalogue knew from one person alone, and so goes with them, and what the erasure has to say of
 * what stays, so that who folds the events that are left comes to the same. Called by the engine's thread
 * alone; all lists are in the batch's arena. Source: docs/decisions/0007. */

struct batch;

struct forgotten {
    struct batch *batch;
    uint32_t learner; /* 0: nobody, who may still be named by others */
    /* forgotten, type forgotten, forgotten, touched: event.h; all but the last sorted */
    uint32_t *items, *typed, *courses, *touched;
    uint32_t item_count, typed_count, course_count, touched_count;
    struct course_loss *losses; /* ascending by course */
    uint32_t loss_count;
};

/* Fills all but the losses. Cost: by the person's own items and courses. False: out of memory. */
bool forgotten_find(struct batch *batch, uint32_t learner, struct forgotten *out);

/* Whether an event that told the catalogue of an item or a course goes, too. */
bool forgotten_goes(const struct forgotten *forgotten, const struct observed_ref *ref);

/* Fills the losses, and touches their courses; the plan is complete by now. False: out of memory. */
bool forgotten_tell_losses(struct forgotten *forgotten, const struct erase_plan *plan);
