#pragma once

#include "app/command.h"
#include "face/body.h"

/* The body of a PUT /api/v1/catalog/courses/{id}. RC_INVALID names a member. Contract 7. */
MUST_CHECK enum rc own_catalog_decode(struct request *request, const struct body *body,
                                      struct course_put *put, struct fault *fault);
