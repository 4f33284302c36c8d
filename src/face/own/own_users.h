#pragma once

#include "face/slow.h"
#include "face/write.h"

/* /api/v1/users: all that is known of one person, as it is or as it was; and their erasure. Source:
 * contract 7. The export is own_export.h's. */
extern const struct slow_handler own_users_progress; /* GET /api/v1/users/{userId}/progress */
extern const struct write_handler own_users_erase;   /* DELETE /api/v1/users/{userId} */
