#pragma once

struct request;

/* pts's three reads: titles are asked for first, if there is a CMS, then the answer is made in steps.
 * Contract 2. */
void pts_summary(struct request *request); /* GET /api/v1/Progress/summary/{userId} */
void pts_course(struct request *request);  /* GET /api/v1/Progress/course/{userId}/{courseId} */
void pts_videos(struct request *request);  /* GET /api/v1/Progress/videos/{userId}/{courseId} */
