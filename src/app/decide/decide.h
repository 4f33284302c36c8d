#pragma once

#include "app/command.h"

/* What becomes of a command: events in the batch, or a refusal. */

struct batch;

/* Decides one command with all that the batch decided before it; the result is in the command. RC_BUSY there:
 * the whole batch must be abandoned. The engine's thread. */
void decide_command(struct batch *batch, struct command *command);

/* Whether such a command is a batch of its own: it must see all before it published. */
bool decide_stands_alone(enum command_kind kind);

/* Whether such a command touches log entries alone: an edit of the catalogue is nothing to it. */
bool decide_touches_entries_only(enum command_kind kind);
