#pragma once

#include "face/write.h"

/* Contract 5: event-sourced progress logs. GET /api/progress/{user_id} is trk_user's; the past
 * is in logs_history.h and logs_rollback.h, figures in logs_summary.h. */
extern const struct write_handler logs_post;   /* POST /api/progress/log */
extern const struct write_handler logs_put;    /* PUT /api/progress/log/{log_id} */
extern const struct write_handler logs_delete; /* DELETE /api/progress/log/{log_id} */
extern const struct write_handler logs_clear;  /* DELETE /api/progress/user/{user_id}/logs */
