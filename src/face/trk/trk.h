#pragma once

struct request;

/* seeds/trk-004.md, contract 4: what the React admin speaks. Time in minutes, a course is a module. */
/* GET /api/progress/:userId: shared with logs, one body for both */
void trk_user(struct request *request);
void trk_module(struct request *request);   /* GET /api/progress/:userId/:moduleId */
void trk_post(struct request *request);     /* POST /api/progress */
void trk_complete(struct request *request); /* PUT /api/progress/:id/complete */
void trk_stats(struct request *request);    /* GET /api/progress/stats/:moduleId */
void trk_labs(struct request *request);     /* GET /api/progress/:userId/labs */
void trk_games(struct request *request);    /* GET /api/progress/:userId/games */
