#pragma once

#include "http/request.h"

/* /api/v1/users: all that is known of one person, as it is or as it was; and their erasure. Source:
 * contract 7. */
void own_users_progress(struct request *request);

/* DELETE /api/v1/users/{id}. */
void own_users_erase(struct request *request);

/* The person of the path, if the caller may: what every route of /api/v1/users begins with. */
MUST_CHECK enum rc own_users_take(struct request *request, uint32_t *out_learner, struct fault *fault);
