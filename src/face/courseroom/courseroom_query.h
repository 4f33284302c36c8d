#pragma once

#include "app/roster.h"
#include "http/json_out.h"
#include "http/request.h"

/* What the lists of a course's learners are asked for: order, filter, page. */

enum courseroom_sort { SORT_USER, SORT_PROGRESS, SORT_ENROLLED, SORT_COMPLETED };

struct courseroom_query {
    enum courseroom_sort by;
    bool descending, filtered;
    enum enrolment_state status;
    int64_t page, limit; /* limit 0: all rows, of a table */
    bool after;
    int64_t after_by[2];
    struct learner_text after_id;
};

/* page, limit. csv: without a limit a table has all rows. */
MUST_CHECK enum rc courseroom_read_page(struct request *request, bool csv, struct courseroom_query *query,
                                        struct fault *fault);

/* status, sortBy, order, cursor and the page. */
MUST_CHECK enum rc courseroom_read_query(struct request *request, bool csv, struct courseroom_query *query,
                                         struct fault *fault);

/* nextCursor: sort and order, the two keys, the id in hex. */
void courseroom_put_cursor(struct json_out *out, const struct courseroom_query *query,
                           const struct roster *roster);
