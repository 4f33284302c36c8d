#pragma once

struct request;

/* The handlers of trk: what the React admin speaks. Time is in minutes, a course is a module. Each answers
 * its request, or suspends it. Source: contract 4. Reads are in trk_user.h, trk_module.h, trk_kinds.h and
 * trk_stats.h. */
void trk_post(struct request *request);     /* POST /api/progress */
void trk_complete(struct request *request); /* PUT /api/progress/:id/complete */
