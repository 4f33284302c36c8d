#pragma once

#include "face/write.h"

/* Contract 2: what LMS front ends and the payments service speak. Reads are in pts_read.h. */
extern const struct write_handler pts_video;       /* POST /api/v1/Progress/video[/{userId}/{videoId}] */
extern const struct write_handler pts_videos_bulk; /* POST /api/v1/Progress/videos/bulk */
extern const struct write_handler pts_enrollment;  /* POST /api/v1/progress/Webhook/enrollment-updated */

/* POST .../course-updated: of no shape, for nothing that is stored is read or written. */
void pts_course_updated(struct request *request);

/* POST .../video-updated: likewise. */
void pts_video_updated(struct request *request);
