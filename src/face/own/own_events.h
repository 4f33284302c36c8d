#pragma once

#include "face/face.h"

/* Which events a page of a history holds: `from`, `to`, `limit` and `cursor` of the query. Contract 9. */
struct event_page {
    int64_t from_ms, to_ms; /* inclusive */
    int64_t limit;
    int64_t before; /* eventId: only what came before; INT64_MAX: all */
};

/* Reads the query. wrong_cursor: what is said of a cursor that is none of this list's. RC_INVALID. */
MUST_CHECK enum rc own_event_page(struct request *request, const char *wrong_cursor, struct event_page *out,
                                  struct fault *fault);
