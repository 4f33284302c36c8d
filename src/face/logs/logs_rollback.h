#pragma once

struct request;

/* POST /api/progress/user/{user_id}/rollback: entries as they were at an event or an instant. Contract 5. */
void logs_roll_back(struct request *request);
