#pragma once

#include "app/history_model.h"
#include "core/live.h"

/* What somebody who watches has missed, from the log: the messages after one sequence up to another that pass
 * a filter, each with how things stood after its event. Each call does some milliseconds of work. For a
 * thread that may wait for the disk. Source: contract 6, Last-Event-ID; docs/decisions/0004. */

struct live_past;

enum { LIVE_PAST_MAX = 100000 }; /* messages; more are a gap: contract 6 */

struct live_filter {
    struct text user, course, item; /* bytes NULL: any */
    bool hides_previews;            /* live.h:is_preview */
};

/* Finds nothing yet. A filter that names what was never seen passes nothing. Errors: RC_BUSY, RC_INTERNAL. */
MUST_CHECK enum rc live_past_open(const struct history *history, const struct live_filter *filter,
                                  uint64_t after, uint64_t upto, struct live_past **out_past,
                                  struct fault *fault);
/* Gives back what it holds. NULL is fine. */
void live_past_close(struct live_past *past);

enum live_past_step { LIVE_PAST_MORE, LIVE_PAST_OVER, LIVE_PAST_GAP };

/* Visits messages in order, until visit says that it is enough or there are no more at hand; nothing is
 * missing up to *out_covered. LIVE_PAST_GAP: there are too many; none was visited. Errors: RC_BUSY,
 * RC_INTERNAL. */
MUST_CHECK enum rc live_past_next(struct live_past *past,
                                  bool (*visit)(void *arg, const struct live_event *event), void *arg,
                                  uint64_t *out_covered, enum live_past_step *out_step, struct fault *fault);
