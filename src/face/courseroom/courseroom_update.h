#pragma once

#include "face/write.h"

/* POST /user-progress/update: a report of one's own, SYSTEM's for anybody, or staff's lock. Contract 3;
 * rule 6. */
extern const struct write_handler courseroom_update;
