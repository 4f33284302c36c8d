#pragma once

struct request;

/* GET /api/progress/stats/:moduleId: a course's figures and its learners, best first. Contract 4. */
void trk_stats(struct request *request);
