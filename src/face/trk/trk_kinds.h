#pragma once

struct request;

/* GET /api/progress/:userId/labs and /games: a learner's items of one type. Contract 4. */
void trk_labs(struct request *request);

/* GET /api/progress/:userId/games. */
void trk_games(struct request *request);
