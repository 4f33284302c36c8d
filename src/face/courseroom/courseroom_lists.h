#pragma once

struct request;

/* Lists of one course's learners. Contract 3; how long they may take: docs/decisions/0013. */
void courseroom_all(struct request *request);         /* GET /user-progress/course/:courseId/all */
void courseroom_leaderboard(struct request *request); /* GET .../leaderboard */
void courseroom_bulk(struct request *request);        /* POST /user-progress/bulk */
