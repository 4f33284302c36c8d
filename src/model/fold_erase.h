#pragma once

#include "core/event.h"
#include "model/fold_copies.h"

/* An erasure: the learner goes at the publish; here what the catalogue knew from them alone. Folding the
 * events again, of which theirs are gone, ends in the same state. Errors: RC_BUSY, out of memory;
 * RC_INTERNAL, no decision lets the event pass. Source: contract 7, DELETE. */
enum rc fold_erased(struct fold *fold, const struct event *event);
