#pragma once

#include "app/access.h"
#include "face/face.h"

/* Reads of the model: who may, what there is, and the end. */

/* Asks the one authorization point. course: key or 0; has_course: a course is meant. */
MUST_CHECK enum rc face_may(struct request *request, struct view view, enum access_rule rule,
                            struct text user, uint32_t course, bool has_course, struct fault *fault);

/* The same for a command's user before anything is looked up, with a view of its own. */
MUST_CHECK enum rc face_may_user(struct request *request, struct text user, struct fault *fault);

/* The key of a course that is known, else RC_NOT_FOUND "Course not found". */
MUST_CHECK enum rc face_course(struct view view, struct text id, uint32_t *out_key, struct fault *fault);

/* The end of a read: the view given back, then 200 with what is in out, or the fault. */
void face_end_read(struct request *request, struct view view, enum rc rc, const struct fault *fault);
