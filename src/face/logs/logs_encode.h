#pragma once

#include "app/log_history.h"
#include "core/log_entries.h"
#include "face/face.h"
#include "face/logs/logs_decode.h"
#include "http/json_out.h"

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

/* The day of an entry: the one written in its date, of a Z instant (or none) the zone's. Source: contract 5.
 */
int32_t logs_day_of(const struct store_log *log, const struct zone *zone);

/* The entries of a learner as elements of the open array, newest first. range may be NULL. */
MUST_CHECK enum rc logs_put_all(struct face_context *context, uint32_t learner,
                                const struct logs_range *range, const char *user, struct logs_page *page,
                                struct json_out *out, struct fault *fault);

/* The same of entries as they were, in any order. */
void logs_put_past(struct face_context *context, struct log_state *entries, size_t count,
                   const struct logs_range *range, const char *user, struct logs_page *page,
                   struct json_out *out);
