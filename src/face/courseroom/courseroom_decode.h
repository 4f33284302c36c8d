#pragma once

#include "face/body.h"

/* courseroom's ids are integers (contract 3); below /api/v1/courses/{courseId} they are any. */

/* A body member as courseroom's integer id, as text. What the path has named is in *out already, and stands.
 */
MUST_CHECK enum rc courseroom_id(struct request *request, const struct body *body, const char *name,
                                 struct text *out, struct fault *fault);

/* The same of an element of a list. */
MUST_CHECK enum rc courseroom_id_of(struct request *request, json_t *value, const char *name,
                                    struct text *out, struct fault *fault);

/* courseContentId: an integer, or any id where the path names the course. */
MUST_CHECK enum rc courseroom_item(struct request *request, const struct body *body, struct text *out,
                                   struct fault *fault);
