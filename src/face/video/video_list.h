#pragma once

#include "face/slow.h"

/* GET /progress/{userId}: all videos of a learner, or a page of them, last watched first. Contract 6. */
extern const struct slow_handler video_list;
