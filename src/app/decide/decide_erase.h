#pragma once

#include "app/command.h"

/* Erasure: a learner's events, entries, answers and ids go; so does what the catalogue knew from them
 * alone; where they acted on others, or were staff, their name goes. Source: contract 7, DELETE users;
 * reliability R18. The engine's thread. */

struct batch;

/* Decides an erasure; alone in its batch. Errors: as those sources say; RC_BUSY: out of memory, the whole
 * batch must be abandoned. */
MUST_CHECK enum rc decide_erase(struct batch *batch, struct command *command);
