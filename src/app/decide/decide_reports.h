#pragma once

#include "app/command.h"

/* Reports of progress. Source: contract 1, rules 1 to 7. The engine's thread. */

struct batch;

/* Decides reports, locks, unlocks, deletes and resets. Errors: those of contract 1; RC_BUSY: out of memory,
 * the whole batch must be abandoned. Each report of a command that is not all_or_nothing has its own. */
MUST_CHECK enum rc decide_progress(struct batch *batch, struct command *command);

/* Whether it may bring an item that very many hold to a course: such a command is decided alone. */
bool decide_brings_many(struct view view, const struct command *command);
