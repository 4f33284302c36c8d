#pragma once

struct request;

/* The handlers of courseroom: what the React course room speaks. Ids are integers. Each answers its request,
 * or suspends it. Source: contract 3. */
void courseroom_reset(struct request *request);   /* POST /user-progress/reset */
void courseroom_certify(struct request *request); /* POST /user-progress/:courseId/:userId/certify */
