#pragma once

struct request;

/* POST /user-progress/update: a report of one's own, SYSTEM's for anybody, or staff's lock. Contract 3;
 * rule 6. */
void courseroom_update(struct request *request);
