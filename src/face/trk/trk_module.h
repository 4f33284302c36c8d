#pragma once

struct request;

/* GET /api/progress/:userId/:moduleId: a learner's records of one course. Contract 4. */
void trk_module(struct request *request);
