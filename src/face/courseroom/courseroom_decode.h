#pragma once

#include "face/body.h"

/* courseroom's ids are integers. Contract 3. */

/* A body member as courseroom's integer id, as text. */
MUST_CHECK enum rc courseroom_id(struct request *request, const struct body *body, const char *name,
                                 struct text *out, struct fault *fault);

/* The same of an element of a list. */
MUST_CHECK enum rc courseroom_id_of(struct request *request, json_t *value, const char *name,
                                    struct text *out, struct fault *fault);
