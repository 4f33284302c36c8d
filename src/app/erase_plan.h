#pragma once

#include "app/history.h"

/* What an erasure has to look for before it is decided: which events are the person's, which others name
 * them, and which told the catalogue of their items and courses. Looked up in the indexes, by whoever asks,
 * so that the engine only looks at what was written since. Source: contract 7, DELETE users;
 * docs/decisions/0007. */

struct observed_ref {
    uint64_t sequence;
    uint32_t item, course; /* EV_ITEM_OBSERVED; item 0: EV_COURSE_OBSERVED */
};

struct erase_plan {
    struct text person;
    uint32_t learner;            /* 0: nobody of that id */
    uint64_t upto;               /* the last event that was looked at */
    struct sequences own, named; /* named: events of others, or of the catalogue, that name the person */
    struct observed_ref *observed;
    uint32_t *staffed; /* courses that ever listed them */
    size_t observed_count, observed_room, staffed_count, staffed_room;
    struct segment *room;
};

/* upto: an event that is committed and published. Reads the store: not for a thread that must not wait.
 * person is borrowed until erase_plan_done. Errors leave nothing to free but by that. */
MUST_CHECK enum rc erase_plan_make(const struct history *history, struct text person, uint64_t upto,
                                   struct erase_plan *plan, struct fault *fault);

/* Looks at the events after plan->upto, up to another: a few, when the plan was just made. */
MUST_CHECK enum rc erase_plan_extend(const struct history *history, uint64_t upto, struct erase_plan *plan,
                                     struct fault *fault);

/* Frees what the plan holds. One that failed half-way is fine. */
void erase_plan_done(struct erase_plan *plan);

/* An event that named the person, with "erased" in their place and without them among a course's staff.
 * *out_changed false: it does not name them. In the arena; false: out of memory. room: for
 * EVENT_SEGMENTS_MAX. */
bool erase_rewrite(const struct stored_event *stored, struct text person, struct segment *room,
                   struct arena *arena, struct stored_event *out, bool *out_changed);
