#pragma once

#include "model/model.h"

/* Reads whose work grows with what a learner or a course holds. Small ones run on an event loop, in one hold
 * of the model's lock; what is larger goes to a worker (face_work) and gives the lock back every few hundred
 * steps, so that no write waits for a read however long that is. */

enum {
    LARGE_READ = 500,  /* records and items to look at: more is a worker's */
    STEPS_A_HOLD = 512 /* of the model's lock: 0.1 to 0.5 ms */
};

/* One learner as published at one instant; their state stays as it is for as long as it is held. */
struct snapshot {
    struct learner_state *state;
    const struct learner *learner; /* NULL: never seen */
};

/* Under the lock; snapshot_done may come after it. */
void snapshot_take(struct view view, uint32_t key, struct snapshot *out);

/* Gives the reference back. Fine for one who was never seen. */
void snapshot_done(struct snapshot *snapshot);

/* Takes the lock of a view that was given back, or never held: it shows what is published from now on. */
static inline void view_hold(struct view view)
{
    (void)model_read_begin(view.model); /* the same view */
}

/* Counts steps taken under the lock, and gives it back for a moment when it is time. What the view showed
 * before may be another by then: definitions and slots have to be asked for again. Returns whether it did. */
static inline bool view_pause(struct view view, uint32_t *steps, uint32_t more)
{
    *steps += more;
    if (*steps < STEPS_A_HOLD)
        return false;
    *steps = 0;
    model_read_end(view);
    (void)model_read_begin(view.model); /* the same view */
    return true;
}
