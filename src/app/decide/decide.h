#pragma once

#include "app/command.h"

/* What becomes of a command: events in the batch, or a refusal. */

struct batch;

/* Decides one command with all that the batch decided before it; the result is in the command. RC_BUSY there:
 * the whole batch must be abandoned. The engine's thread. */
void decide(struct batch *batch, struct command *command);

/* A command that must see all before it published, and be alone: it looks at published holders. */
bool decide_stands_alone(const struct command *command);
