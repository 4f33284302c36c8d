#pragma once

#include "app/roster.h"
#include "base/any_case.h"
#include "http/json_out.h"
#include "http/request.h"

/* What the lists of a course's learners are asked for: order, filter, page. */

enum courseroom_sort {
    SORT_USER,
    SORT_PROGRESS,
    SORT_ENROLLED,
    SORT_COMPLETED,
    SORT_ACTIVITY,
    SORT_TIME, /* of an item's learners, as what follows */
    SORT_SCORE,
    SORT_UPDATED,
};

struct courseroom_query {
    enum courseroom_sort by;
    bool descending, filtered;
    enum enrolment_state status;
    int64_t page, limit; /* limit 0: all rows, of a table */
    bool no_logs, at_risk;
    int64_t inactive_days; /* 0: however active */
    struct any_case part;  /* of the user id */
    bool after;
    int64_t after_by[2];
    struct learner_text after_id;
};

/* page, limit. csv: without a limit a table has all rows. */
MUST_CHECK enum rc courseroom_read_page(struct request *request, bool csv, struct courseroom_query *query,
                                        struct fault *fault);

/* What a list may be sorted by; a name NULL ends them. */
struct courseroom_sort_name {
    const char *name;
    enum courseroom_sort by;
};

/* sortBy, as one of those that the list knows (default: userId), and order. */
MUST_CHECK enum rc courseroom_read_sort(struct request *request, const struct courseroom_sort_name *known,
                                        const char *message, struct courseroom_query *query,
                                        struct fault *fault);

/* cursor, once sort and page are known. */
MUST_CHECK enum rc courseroom_read_cursor(struct request *request, struct courseroom_query *query,
                                          struct fault *fault);

/* All that /all takes. */
MUST_CHECK enum rc courseroom_read_query(struct request *request, bool csv, struct courseroom_query *query,
                                         struct fault *fault);

/* The page as a roster is asked for it: the rest of query is the caller's. */
void courseroom_page(const struct courseroom_query *query, struct roster_query *out);

/* "pagination" of a list whose roster is done. */
void courseroom_put_pages(struct json_out *out, const struct courseroom_query *query,
                          const struct roster *roster);

/* nextCursor: sort and order, the two keys, the id in hex. */
void courseroom_put_cursor(struct json_out *out, const struct courseroom_query *query,
                           const struct roster *roster);
