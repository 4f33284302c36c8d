#pragma once

#include "app/command.h"
#include "app/log_history.h"
#include "face/body.h"

/* The bodies and queries of logs. */

/* Which entries a list shows: by instant, and by the day of the entry where a bare date was given. */
struct logs_range {
    struct log_filter instants; /* no narrower than the days */
    bool from_is_day, to_is_day;
    int32_t from_day, to_day;
};

/* The query's from and to. */
MUST_CHECK enum rc logs_query_range(struct request *request, struct logs_range *out, struct fault *fault);

/* The entry that the path names. */
MUST_CHECK enum rc logs_read_id(struct request *request, uint64_t *out_id, struct fault *fault);

/* The entry's members: flat, at most 16 KiB; and its date. There may be none, when the body names a user: a
 * PUT may be told first that it is not theirs. */
MUST_CHECK enum rc logs_decode_entry(struct request *request, const struct body *body,
                                     struct command *command, struct fault *fault);

/* RC_INVALID: the entry has no member of its own. */
MUST_CHECK enum rc logs_needs_member(const struct command *command, struct fault *fault);
