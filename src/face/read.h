#pragma once

#include "app/access.h"
#include "face/face.h"
#include "http/json_out.h"

/* A short read: made on the event loop, in one hold of the model's lock. Reads whose work grows with what is
 * stored are slow.h's. */

/* What is asked for, found in the model: keys are 0 for what the path does not name and for what nobody
 * knows. */
struct read {
    struct request *request;
    struct view view; /* held until the read is over */
    uint32_t learner, course, item;
};

struct read_handler {
    /* Refuses a malformed query, before anybody is asked who may. NULL: the route takes none. */
    enum rc (*check)(struct request *request, struct fault *fault);
    /* Writes the body of a 200. Called when the caller may, by the route's rule. */
    enum rc (*read)(struct read *read, struct json_out *out, struct fault *fault);
};

/* Answers a request of a route that has .read. */
void read_handle(struct request *request);

/* What the request's path, or who decoded it, names. Under the lock. */
void read_find(struct request *request, struct view view, struct read *out);

/* Asks the one authorization point: the route's rule, for what read_find found. */
MUST_CHECK enum rc read_may(const struct read *read, struct fault *fault);

/* Whether all is shown of the person that the path names: to themselves, ADMIN and SYSTEM. Staff of a course
 * see of it neither log entries nor what is for its author alone (core/learner.h:learner_previews). */
bool read_shows_all(const struct read *read);

/* Asks the one authorization point another question than the route's. course: key or 0; has_course: a course
 * is meant. */
MUST_CHECK enum rc face_may(struct request *request, struct view view, enum access_rule rule,
                            struct text user, uint32_t course, bool has_course, struct fault *fault);
