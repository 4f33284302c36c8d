#pragma once

#include "face/write.h"

/* Contract 4: what the React admin speaks. Time in minutes, a course is a module. Reads are
 * in trk_user.h, trk_module.h, trk_kinds.h and trk_stats.h. */
extern const struct write_handler trk_post;     /* POST /api/progress */
extern const struct write_handler trk_complete; /* PUT /api/progress/:id/complete */
