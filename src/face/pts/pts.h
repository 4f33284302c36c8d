#pragma once

struct request;

/* The handlers of pts: what LMS front ends and the payments service speak. Each answers its request, or
 * suspends it. Source: contract 2. Reads are in pts_read.h. */
void pts_video(struct request *request);          /* POST /api/v1/Progress/video */
void pts_video_path(struct request *request);     /* POST /api/v1/Progress/video/{userId}/{videoId} */
void pts_videos_bulk(struct request *request);    /* POST /api/v1/Progress/videos/bulk */
void pts_enrollment(struct request *request);     /* POST /api/v1/progress/Webhook/enrollment-updated */
void pts_course_updated(struct request *request); /* .../course-updated */
void pts_video_updated(struct request *request);  /* .../video-updated */
