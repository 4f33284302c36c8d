#pragma once

struct request;

/* GET /api/progress/log/{log_id}/history: what happened to an entry. Contract 5. */
void logs_history(struct request *request);
