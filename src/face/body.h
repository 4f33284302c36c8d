#pragma once

#include <jansson.h>

#include "base/text.h"
#include "http/json_in.h"
#include "http/request.h"

/* What a request brings, decoded: its body and its query. */

/* A parsed body; freed by body_done. */
struct body {
    json_t *root;
    enum spelling spelling;
};

/* What a route's body may be beside plain JSON: text/plain that holds JSON (sendBeacon), gzip, nothing. */
enum body_form { BODY_BEACON = 1, BODY_GZIP = 2, BODY_OPTIONAL = 4 };

/* Whether a body of that kind and size may follow. RC_MEDIA_TYPE, then RC_TOO_LARGE. Source: contract 1,
 * Errors. */
MUST_CHECK enum rc face_judge_body(struct request *request, struct fault *fault);

/* Whether the body comes compressed: nobody knows yet how large it is. */
bool face_body_is_packed(struct request *request);

/* Parses the body (JSON object required); a gzip body is inflated in place. */
MUST_CHECK enum rc face_body(struct request *request, enum spelling spelling, struct body *out_body,
                             struct fault *fault);

/* A member of the body; NULL: absent, or null. */
static inline json_t *body_get(const struct body *body, const char *name)
{
    return json_in_member(body->root, name, body->spelling);
}

/* Lets the parsed body go. */
static inline void body_done(struct body *body)
{
    json_decref(body->root);
}
#define BODY __attribute__((cleanup(body_done))) struct body

/* An id member into a struct text. Absent: RC_OK with bytes NULL when it is optional. */
MUST_CHECK enum rc face_id(struct request *request, const struct body *body, const char *name, bool required,
                           struct text *out, struct fault *fault);

/* A query parameter that is an id, checked and normalized like one in a path. Absent: RC_OK with bytes NULL.
 */
MUST_CHECK enum rc face_query_id(struct request *request, const char *name, struct text *out,
                                 struct fault *fault);

/* page / limit style query numbers. Absent: *inout keeps its value. RC_INVALID names the parameter. */
MUST_CHECK enum rc face_query_number(struct request *request, const char *name, int64_t low, int64_t high,
                                     int64_t *inout, struct fault *fault);

/* A query parameter that is 0 or 1. Absent: *inout keeps its value. RC_INVALID names the parameter. */
MUST_CHECK enum rc face_query_flag(struct request *request, const char *name, bool *inout,
                                   struct fault *fault);

/* A bound on instants: an instant, or a bare date, which means its beginning in display_timezone, or (end)
 * its last millisecond. Absent: *inout keeps its value. RC_INVALID names the parameter. Source: contract 3.
 */
MUST_CHECK enum rc face_query_bound(struct request *request, const char *name, bool end, int64_t *inout_ms,
                                    struct fault *fault);

/* A client's instant. *out_past: it orders and dates what the client says; else its clock runs ahead, and
 * what it says counts as of the server's instant. RC_INVALID: no instant, or more than 24 h ahead. Source:
 * contract 1, rule 4. */
MUST_CHECK enum rc face_client_instant(struct request *request, const json_t *value, const char *field,
                                       int64_t *out_ms, bool *out_past, struct fault *fault);
