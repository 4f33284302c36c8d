#pragma once

struct request;

/* The handlers of logs: event-sourced progress logs. Each answers its request, or suspends it. Source:
 * contract 5. GET /api/progress/{user_id} is trk_user's; the past is in logs_history.h and logs_rollback.h,
 * figures in logs_summary.h. */
void logs_post(struct request *request);   /* POST /api/progress/log */
void logs_put(struct request *request);    /* PUT /api/progress/log/{log_id} */
void logs_delete(struct request *request); /* DELETE /api/progress/log/{log_id} */
void logs_clear(struct request *request);  /* DELETE /api/progress/user/{user_id}/logs */
