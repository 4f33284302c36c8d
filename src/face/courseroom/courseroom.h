#pragma once

#include "face/write.h"

/* Contract 3: what the React course room speaks. Ids are integers. Reads are in
 * courseroom_user.h, courseroom_lists.h and courseroom_analytics.h. */
extern const struct write_handler courseroom_reset;   /* POST /user-progress/reset */
extern const struct write_handler courseroom_certify; /* POST /user-progress/:courseId/:userId/certify */
