#pragma once

#include "app/engine.h"

/* When the model's checkpoint is written, and the thread that writes it. */

/* Hands a checkpoint to the checkpointer when enough has changed and it has nothing to do. Lock held, but not
 * while the checkpoint is taken or given back: its cost depends on what has changed. */
void checkpointer_consider(struct engine *engine);

/* The thread; arg: the engine. */
void *checkpointer_main(void *arg);
