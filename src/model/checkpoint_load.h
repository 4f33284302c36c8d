#pragma once

#include "model/model.h"
#include "store/checkpoint.h"

/* A model from what the last run left: the store's ids and the rows of the checkpoint file. */

/* Fills an empty model with the store's ids. */
MUST_CHECK enum rc checkpoint_load_ids(struct model *model, struct store *store, struct fault *fault);

/* Fills an empty model from the store's ids and checkpoint file. RC_CONFLICT: the file contradicts itself;
 * throw it away, make a new model and fold all events. */
MUST_CHECK enum rc checkpoint_load(struct model *model, struct store *store, struct fault *fault);
