#pragma once

#include "face/slow.h"

/* GET /user-progress/course/{courseId}/items/{itemId}/learners. Source: contract 9. */
extern const struct slow_handler courseroom_item_learners;
