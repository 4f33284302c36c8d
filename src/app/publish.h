#pragma once

#include "app/engine_private.h"

/* What was stored is shown: to readers of the model, to histories, to those who count. The engine's thread.
 */

/* Shows the engine's batch, which is durable. commands: those that were decided with it; revision: of an edit
 * that is worked out in slices, taken over; NULL: none. */
void publish_stored(struct engine *engine, struct command *commands, struct revision *revision);
