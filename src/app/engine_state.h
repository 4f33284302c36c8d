#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/histogram.h"
#include "store/batch.h"

/* How the engine is, at one instant: what is told to operators and balancers. */
struct engine_state {
    bool writable; /* false: for one of the reasons that follow */
    /* wall clock; a commit failed, and no write has succeeded since; 0: they succeed */
    int64_t failing_since_ms;
    /* wall clock; the log has not said since then what became of a batch; 0: nothing is in doubt */
    int64_t in_doubt_since_ms;
    /* wall clock; the node's own disk takes no copy of what the log has since then; 0: it does */
    int64_t copy_failing_since_ms;
    bool stalled; /* a commit has hung for seconds */
    bool behind;  /* more events than may be lie between the checkpoint file and now */
    bool broken;  /* an I/O error: the process must end */
    /* wall clock; the checkpoint file cannot be written since then; 0: it can */
    int64_t checkpoint_failing_since_ms;
    uint32_t
        too_long; /* learners whose state no row of the checkpoint file holds: each start folds all events */
    uint64_t sequence, checkpointed;
    uint64_t turn; /* of a log that other nodes write: how far the model has followed it */
    struct batch_id
        turn_batch; /* the batch of that turn; of a log that went back another may have its number */
    uint32_t queued;
    uint64_t batches, commands, events; /* since the start */
};

/* How long commits took in the log (histogram_times_us: its fsync, or its database), how many commands a
 * batch held (histogram_sizes); and of the steps before (histogram_steps_us) how long each command waited,
 * with several nodes also for the log's turn, and how long it took to decide a batch. */
struct engine_timings {
    struct histogram commit_us, batch_commands, queue_us, decide_us;
};

/* What the log cost, since the start. */
struct log_costs {
    uint64_t turns, turn_us;     /* taken, and the wait for them, with what others wrote */
    uint64_t commits, commit_us; /* that were tried */
    uint64_t doubts;             /* of them, whose outcome had to be asked for */
    uint64_t followed, take_us;  /* batches of others, and the time to fold and copy them */
};
