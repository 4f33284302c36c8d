#pragma once

struct request;

/* seeds/logs.md, contract 5: event-sourced progress logs. GET /api/progress/{user_id} is trk_user's. */
void logs_post(struct request *request);    /* POST /api/progress/log */
void logs_summary(struct request *request); /* GET /api/progress/summary/{user_id} */
void logs_put(struct request *request);     /* PUT /api/progress/log/{log_id} */
void logs_delete(struct request *request);  /* DELETE /api/progress/log/{log_id} */
void logs_clear(struct request *request);   /* DELETE /api/progress/user/{user_id}/logs */
void logs_history(struct request *request);
void logs_roll_back(struct request *request);
