#pragma once

struct request;

/* One learner in one course. Contract 3. */
void courseroom_get(struct request *request);         /* GET /user-progress/:courseId/:userId */
void courseroom_activities(struct request *request);  /* GET .../activities */
void courseroom_certificate(struct request *request); /* GET .../certificate */
