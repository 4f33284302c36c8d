#pragma once

struct request;

/* seeds/courseroom.md, contract 3: what the React course room speaks. Ids are integers. */
void courseroom_get(struct request *request);         /* GET /user-progress/:courseId/:userId */
void courseroom_activities(struct request *request);  /* GET .../activities */
void courseroom_certificate(struct request *request); /* GET .../certificate */
void courseroom_all(struct request *request);         /* GET /user-progress/course/:courseId/all */
void courseroom_analytics(struct request *request);   /* GET .../analytics */
void courseroom_leaderboard(struct request *request); /* GET .../leaderboard */
void courseroom_bulk(struct request *request);        /* POST /user-progress/bulk */
void courseroom_update(struct request *request);      /* POST /user-progress/update */
void courseroom_reset(struct request *request);       /* POST /user-progress/reset */
void courseroom_certify(struct request *request);     /* POST /user-progress/:courseId/:userId/certify */
