#pragma once

struct request;

/* GET /api/progress/summary/{user_id}: every numeric member of all entries. Contract 5. */
void logs_summary(struct request *request);
