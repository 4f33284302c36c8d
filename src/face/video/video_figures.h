#pragma once

struct request;

/* GET /progress/summary/{videoId}: what all viewers together did with a video. Contract 6. */
void video_summary(struct request *request);

/* GET /progress/engagement/{userId}: what a learner watched, and their streaks. Contract 6. */
void video_engagement(struct request *request);
