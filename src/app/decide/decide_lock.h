#pragma once

#include "app/command.h"

/* What others than the learner say of an item, and what takes progress back. The engine's thread. Errors, of
 * all three: RC_NOT_FOUND, RC_INVALID, RC_CONFLICT and RC_STALE_MATCH as contract 1, 3 and 6 say; RC_BUSY:
 * out of memory, the whole batch must be abandoned. */

struct batch;

/* Lock, unlock: staff's and system's word on an item; no activity. Source: contract 1, rule 6. */
MUST_CHECK enum rc decide_lock(struct batch *batch, struct command *command);

/* A learner's delete of one item's progress: nothing stored is fine. Source: contract 6, DELETE. */
MUST_CHECK enum rc decide_delete(struct batch *batch, struct command *command);

/* A privileged reset of a course or one item of it; history stays. Source: contract 3, reset. */
MUST_CHECK enum rc decide_reset(struct batch *batch, struct command *command);
