#include "face/courseroom/courseroom_decode.h"

#include <string.h>

#include "base/ident.h"
#include "face/face.h"
#include "face/read.h"

enum rc courseroom_param(struct request *request, int index, const char *field, struct text *out,
                         struct fault *fault)
{
    int64_t number;

    *out = face_param(request, index);
    if (!ident_integer(out->bytes, out->size, &number))
        return fault_set(fault, RC_INVALID, field, "must be an integer");
    return RC_OK;
}

enum rc courseroom_id_of(struct request *request, json_t *value, const char *name, struct text *out,
                         struct fault *fault)
{
    int64_t number;
    enum rc rc = json_in_whole(value, name, &number, fault);

    if (rc != RC_OK)
        return rc;
    char *text = arena_printf(&request->arena, "%lld", (long long)number);
    if (!text)
        return fault_no_memory(fault);
    *out = (struct text){text, (uint32_t)strlen(text)};
    return RC_OK;
}

enum rc courseroom_id(struct request *request, const struct body *body, const char *name, struct text *out,
                      struct fault *fault)
{
    return courseroom_id_of(request, body_get(body, name), name, out, fault);
}

enum rc courseroom_course(struct request *request, struct view view, uint32_t *out_course,
                          struct fault *fault)
{
    struct text id;
    enum rc rc = courseroom_param(request, 0, "courseId", &id, fault);

    if (rc != RC_OK)
        return rc;
    *out_course = view_course_key(view, id.bytes, id.size);
    rc = face_may(request, view, ACCESS_COURSE_STAFF, (struct text){NULL, 0}, *out_course, true, fault);
    return rc == RC_OK ? face_course(view, id, out_course, fault) : rc;
}
