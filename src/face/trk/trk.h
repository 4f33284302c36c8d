#pragma once

struct request;

/* seeds/trk-004.md, contract 4: what the React admin speaks. Time in minutes, a course is a module. Reads are
 * in trk_user.h, trk_module.h, trk_kinds.h and trk_stats.h. */
void trk_post(struct request *request);     /* POST /api/progress */
void trk_complete(struct request *request); /* PUT /api/progress/:id/complete */
