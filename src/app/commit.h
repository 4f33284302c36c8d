#pragma once

#include "app/engine.h"

/* What a batch does: each command is decided, what they decided is committed at once, then published, then
 * answered; or nothing of it is. One thread, the engine's (or the only one, before the threads run). */

/* Decides a chain of commands and commits it; each has its result afterwards. commands NULL: what earlier
 * commands left to do, a little of it. ledger_key (may be NULL) and its value are committed with them.
 * Errors: of the commit, and RC_BUSY, out of memory; then nothing of the batch is stored and every command
 * has RC_BUSY. RC_INTERNAL: the process must end. */
enum rc commit_batch(struct engine *engine, struct command *commands, const char *ledger_key,
                     const char *ledger_value, struct fault *fault);

/* As commit_batch, of what was decided before with the result rc. */
MUST_CHECK enum rc commit_decided(struct engine *engine, struct command *commands, enum rc rc,
                                  const char *ledger_key, const char *ledger_value, struct fault *fault);

/* Calls done of each, but of those who are answered when all whom they adopt are enrolled. */
void commit_answer(struct engine *engine, struct command *commands);

/* The same for those who waited for adoptions that are over. */
void commit_answer_adopted(struct engine *engine);
