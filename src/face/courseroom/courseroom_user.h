#pragma once

#include "face/read.h"
#include "face/slow.h"

/* One learner in one course. Contract 3. */
extern const struct slow_handler courseroom_get;         /* GET /user-progress/:courseId/:userId */
extern const struct slow_handler courseroom_activities;  /* GET .../activities */
extern const struct read_handler courseroom_certificate; /* GET .../certificate */
