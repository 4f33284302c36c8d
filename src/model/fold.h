#pragma once

#include "core/event.h"
#include "model/fold_copies.h"
#include "store/store.h"

/* The one fold: events onto the model. The engine, replay after a start, import and verify all use it; there
 * is no second implementation of what an event does. One thread at a time. Source: docs/decisions/0001. */

/* An event as the store gives it; borrows its bytes. room: as event_decode. False: malformed. */
bool stored_event_decode(const struct stored_event *stored, struct segment *room, size_t room_count,
                         struct event *out_event);

/* Applies one event. Errors: RC_BUSY, out of memory: abandon everything. A catalogue edit
 * (EV_COURSE_DECLARED, EV_COURSE_UNDECLARED) looks at published holders: publish before it. */
MUST_CHECK enum rc fold_apply(struct fold *fold, const struct event *event);
