#pragma once

#include "app/command.h"

/* Reports of progress. Source: contract 1, rules 1 to 7. The engine's thread. */

struct batch;

/* Decides the reports of a command; each report of one that is not all_or_nothing has its own result. Errors:
 * those of contract 1; RC_BUSY: out of memory, the whole batch must be abandoned. */
MUST_CHECK enum rc decide_reports(struct batch *batch, struct command *command);

/* Whether it may bring an item that very many hold to a course: such a command is decided alone. */
bool decide_brings_many(struct view view, const struct command *command);
