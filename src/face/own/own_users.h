#pragma once

#include "http/request.h"

/* /api/v1/users: all that is known of one person, as it is or as it was; and their erasure. Source:
 * contract 7. */
void own_users_progress(struct request *request);
void own_users_export(struct request *request);
void own_users_erase(struct request *request);
