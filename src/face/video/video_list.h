#pragma once

struct request;

/* GET /progress/{userId}: all videos of a learner, or a page of them, last watched first. Contract 6. */
void video_list(struct request *request);
