#pragma once

#include "core/event.h"
#include "model/fold_copies.h"

/* An event of one learner onto their private copy: what the core makes of it, and memory for what it keeps.
 * Errors: RC_BUSY, out of memory; RC_INTERNAL, no decision lets the event pass. */
enum rc fold_learner_event(struct fold *fold, const struct event *event);
