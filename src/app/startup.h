#pragma once

#include "app/engine.h"

/* What an engine does before its threads run: the model from its checkpoint and from the events after it. */

/* Loads the checkpoint into a new model (one that does not fit the events is discarded and made again from
 * them) and folds the events after it. progress (may be NULL) is called now and then with the number of
 * events folded. Errors: what the store says; RC_BUSY also when policy.stop ended it; RC_INVALID, what
 * policy.judge found. */
MUST_CHECK enum rc startup_load(struct engine *engine, void (*progress)(void *, uint64_t),
                                struct fault *fault);
