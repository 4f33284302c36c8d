#pragma once

#include "app/command.h"

/* Catalogue edits. Source: contract 1 "PUT replaces the item list", 7. The engine's thread. */

struct batch;

/* Decides a PUT or a DELETE of a course; alone in its batch. Errors: as those sources say; RC_BUSY: out of
 * memory, the whole batch must be abandoned. */
MUST_CHECK enum rc decide_course(struct batch *batch, struct command *command);
