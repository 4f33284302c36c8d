#pragma once

#include "face/read.h"
#include "face/write.h"

/* Contract 6: what video players speak. Lists are in video_list.h, figures in
 * video_figures.h. */
extern const struct write_handler video_update; /* POST /progress/update and /progress/realtime */
extern const struct write_handler video_sync;   /* POST /progress/sync */
extern const struct read_handler video_get;     /* GET /progress/{userId}/{videoId} */
extern const struct write_handler video_delete; /* DELETE /progress/{userId}/{videoId} */
