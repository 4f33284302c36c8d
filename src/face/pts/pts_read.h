#pragma once

#include "face/slow.h"

/* pts's three reads: titles are asked for first, if there is a CMS, then the answer is made in steps.
 * Contract 2. */
extern const struct slow_handler pts_summary; /* GET /api/v1/Progress/summary/{userId} */
extern const struct slow_handler pts_course;  /* GET /api/v1/Progress/course/{userId}/{courseId} */
extern const struct slow_handler pts_videos;  /* GET /api/v1/Progress/videos/{userId}/{courseId} */
