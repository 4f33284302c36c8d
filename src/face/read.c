#include "face/read.h"

#include "http/router.h"

enum rc face_may(struct request *request, struct view view, enum access_rule rule, struct text user,
                 uint32_t course, bool has_course, struct fault *fault)
{
    struct access_subject subject = {user.bytes, user.size, course, has_course};
    return access_check(rule, face_caller(request), view, &subject, fault);
}

enum rc face_may_user(struct request *request, struct text user, struct fault *fault)
{
    struct view view = model_read_begin(face_of(request)->model);
    enum rc rc = face_may(request, view, (enum access_rule)request->route->rule, user, 0, false, fault);

    model_read_end(view);
    return rc;
}

enum rc face_course(struct view view, struct text id, uint32_t *out_key, struct fault *fault)
{
    *out_key = view_course_key(view, id.bytes, id.size);
    return view_course(view, *out_key) ? RC_OK : fault_set(fault, RC_NOT_FOUND, NULL, "Course not found");
}

void face_end_read(struct request *request, struct view view, enum rc rc, const struct fault *fault)
{
    model_read_end(view);
    if (rc == RC_OK)
        request_reply(request, 200, "application/json");
    else
        request_fail(request, rc, fault);
}
