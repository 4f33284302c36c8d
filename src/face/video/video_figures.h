#pragma once

#include "face/slow.h"

/* GET /progress/summary/{videoId}: what all viewers together did with a video. Contract 6. */
extern const struct slow_handler video_summary;

/* GET /progress/engagement/{userId}: what a learner watched, and their streaks. Contract 6. */
extern const struct slow_handler video_engagement;
