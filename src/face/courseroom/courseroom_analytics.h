#pragma once

struct request;

/* GET /user-progress/course/:courseId/analytics: from the sums alone, whatever the number of learners; of
 * 10,000 items some hundred in each hold of the model's lock. Contract 3. */
void courseroom_analytics(struct request *request);
