#pragma once

struct request;

/* seeds/courseroom.md, contract 3: what the React course room speaks. Ids are integers. */
void courseroom_reset(struct request *request);   /* POST /user-progress/reset */
void courseroom_certify(struct request *request); /* POST /user-progress/:courseId/:userId/certify */
