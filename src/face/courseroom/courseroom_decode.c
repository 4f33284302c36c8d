#include "face/courseroom/courseroom_decode.h"

#include <string.h>

#include "base/ident.h"
#include "face/face.h"

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
    return out->bytes ? RC_OK : courseroom_id_of(request, body_get(body, name), name, out, fault);
}

enum rc courseroom_item(struct request *request, const struct body *body, struct text *out,
                        struct fault *fault)
{
    bool any = face_call(request)->course.bytes != NULL;

    return any ? face_id(request, body, "courseContentId", true, out, fault)
               : courseroom_id(request, body, "courseContentId", out, fault);
}
