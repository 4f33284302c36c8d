#include "app/snapshot.h"

void snapshot_take(struct view view, uint32_t key, struct snapshot *out)
{
    struct learner_state *state = view_state(view, key);

    *out = (struct snapshot){state, state ? &state->learner : NULL};
}

void snapshot_done(struct snapshot *snapshot)
{
    state_unref(snapshot->state);
    *snapshot = (struct snapshot){0};
}
