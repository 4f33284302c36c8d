#pragma once

#include "app/engine.h"

/* What other nodes have written into the log: folded, copied into this node's files and published, each batch
 * whole. One thread, the engine's. Of a log that nobody else writes: nothing ever comes. */

/* Takes the next turn of the log, with all that came before it; the batch then decides with the numbers and
 * the instant that follow. RC_BUSY: no turn is to be had now, or out of memory. RC_CONFLICT, RC_INTERNAL:
 * this node does not hold what the log holds, and must end. */
MUST_CHECK enum rc others_begin(struct engine *engine, struct fault *fault);

/* The same without a turn, so that what is read here is young, and the next turn short. */
MUST_CHECK enum rc others_catch_up(struct engine *engine, struct fault *fault);

/* The same for an engine that runs: what fails is tried again with the next write, or a moment later; what
 * makes no sense ends the process. */
void others_follow(struct engine *engine);

/* Goes on with what another node has begun and left: unfinished.h. Between two batches. */
void others_take_over(struct engine *engine);

/* Waits until the model holds a turn of the log and all before it, and has the engine read them. False: not
 * within so many milliseconds, or what it holds there is another batch. Any thread but the engine's and an
 * event loop. */
bool others_wait_turn(struct engine *engine, const struct log_turn *turn, uint64_t ms);
