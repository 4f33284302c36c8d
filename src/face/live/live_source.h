#pragma once

#include "face/face.h"
#include "hub/hub.h"

/* What the hub asks of the model and the log. */

/* All of it; context must outlive the hub. */
struct hub_source live_source(struct face_context *context);

/* Whether the caller may watch what the filter passes. Source: contract 6, "Who may subscribe". */
MUST_CHECK enum rc live_may(struct face_context *context, const struct caller *caller,
                            const struct hub_filter *filter, struct fault *fault);

/* Whether previews are left out: of a course or an item, and for staff who watch somebody there. They are
 * told to their author, ADMIN and SYSTEM. Source: contract 1, Enrolment. */
bool live_hides_previews(struct face_context *context, const struct caller *caller,
                         const struct hub_filter *filter);
