#pragma once

#include "app/logbook.h"
#include "core/logs.h"
#include "face/face.h"

/* Log entries as clients see them. */

/* {log_id,user_id,date,...,created_at,updated_at} */
void logs_put_entry(struct json_out *out, const struct store_log *log, const char *user);

/* An entry of the past as the store's. Borrows. */
struct store_log logs_entry_of(const struct log_state *state);

/* Where a page begins and what it showed. */
struct logs_page {
    bool paged;
    int64_t last_ms;
    uint64_t last_id;
    int64_t limit; /* 0: all */
    bool more;
};

/* The entries of a learner as elements of the open array, newest first. */
MUST_CHECK enum rc logs_put_all(struct engine *engine, uint32_t learner, const struct log_filter *filter,
                                const char *user, struct logs_page *page, struct json_out *out,
                                struct fault *fault);

/* The same of entries as they were, in any order. */
void logs_put_past(struct log_state *entries, size_t count, const struct log_filter *filter, const char *user,
                   struct logs_page *page, struct json_out *out);

/* The query's from and to; a bare date means its whole day, UTC. */
MUST_CHECK enum rc logs_query_bounds(struct request *request, struct log_filter *out, struct fault *fault);
