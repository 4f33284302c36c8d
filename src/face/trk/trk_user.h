#pragma once

struct request;

/* GET /api/progress/:userId: shared with logs, one body for both; as it is or as it was. Contract 4, 5. */
void trk_user(struct request *request);
