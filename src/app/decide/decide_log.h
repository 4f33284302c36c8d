#pragma once

#include "app/command.h"

/* Log entries: added, merged, taken away; each an event. What one costs is its own size. Source: contract
 * 5. The engine's thread. */

struct batch;

/* Decides a change of one entry, a clearing or a rollback. Errors: as those sources say; RC_BUSY: out of
 * memory, the whole batch must be abandoned. */
MUST_CHECK enum rc decide_log(struct batch *batch, struct command *command);
