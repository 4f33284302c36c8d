#include "face/own/own_events.h"

#include "face/body.h"
#include "face/cursor.h"

enum { LIMIT_MAX = 1000, LIMIT_DEFAULT = 100 };

enum rc own_event_page(struct request *request, const char *wrong_cursor, struct event_page *out,
                       struct fault *fault)
{
    const char *cursor = NULL;

    *out = (struct event_page){INT64_MIN, INT64_MAX, LIMIT_DEFAULT, INT64_MAX};
    enum rc rc = face_query_bound(request, "from", false, &out->from_ms, fault);
    if (rc == RC_OK)
        rc = face_query_bound(request, "to", true, &out->to_ms, fault);
    if (rc == RC_OK)
        rc = face_query_number(request, "limit", 1, LIMIT_MAX, &out->limit, fault);
    if (rc == RC_OK)
        rc = request_query(request, "cursor", &cursor, fault);
    if (rc == RC_OK && cursor && (!cursor_read(cursor, &out->before, 1) || out->before < 1))
        rc = fault_set(fault, RC_INVALID, "cursor", wrong_cursor);
    return rc;
}
