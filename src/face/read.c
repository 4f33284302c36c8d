#include "face/read.h"

#include "http/router.h"

void read_find(struct request *request, struct view view, struct read *out)
{
    const struct call *call = face_call(request);

    *out = (struct read){.request = request, .view = view};
    if (call->user.bytes)
        out->learner = view_learner_key(view, call->user.bytes, call->user.size);
    if (call->item.bytes)
        out->item = view_item_key(view, call->item.bytes, call->item.size);
    if (call->course.bytes)
        out->course = view_course_key(view, call->course.bytes, call->course.size);
}

enum rc read_may(const struct read *read, struct fault *fault)
{
    const struct call *call = face_call(read->request);
    enum access_rule rule = (enum access_rule)read->request->route->rule;
    struct access_subject subject = {call->user.bytes, call->user.size, read->course,
                                     call->course.bytes != NULL};

    if (call->item.bytes && !subject.has_course) { /* an item is its course's */
        subject.course = view_item_facts(read->view, read->item).course;
        subject.has_course = subject.course != 0;
    }
    return access_check(rule, &call->caller, read->view, &subject, fault);
}

void read_handle(struct request *request)
{
    struct json_out out = {&request->out, false};
    struct fault fault = {NULL, NULL};
    const struct read_handler *handler = request->route->read;
    enum rc rc = handler->check ? handler->check(request, &fault) : RC_OK;

    if (rc == RC_OK) {
        struct read read;
        struct view view = service_read_begin(face_of(request)->service);
        read_find(request, view, &read);
        rc = read_may(&read, &fault);
        if (rc == RC_OK)
            rc = handler->read(&read, &out, &fault);
        service_read_end(view);
    }
    if (rc == RC_OK)
        request_reply(request, 200, "application/json");
    else
        request_fail(request, rc, &fault);
}

enum rc face_may(struct request *request, struct view view, enum access_rule rule, struct text user,
                 uint32_t course, bool has_course, struct fault *fault)
{
    struct access_subject subject = {user.bytes, user.size, course, has_course};
    return access_check(rule, face_caller(request), view, &subject, fault);
}

bool read_shows_all(const struct read *read)
{
    struct fault unused;
    struct text user = face_call(read->request)->user;

    return face_may(read->request, read->view, ACCESS_PERSON, user, 0, false, &unused) == RC_OK;
}
