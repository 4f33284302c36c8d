#include "face/own/own_catalog.h"

#include "app/snapshot.h"
#include "face/own/own_catalog_decode.h"
#include "face/own/own_catalog_encode.h"

/* Items looked up before the model's lock is given back for a moment. */
enum { ITEMS_PER_HOLD = 1000 };

/* A PUT with its answer. It is written before the command runs, from what it declares: another one may have
 * taken the course away again, or changed it, when this one's answer is sent. */
struct putting {
    struct course_put put; /* first: what the command points to */
    const char *answer;
    size_t answer_size;
};

static enum rc write_answer(struct request *request, struct putting *putting, struct fault *fault)
{
    const struct course_put *put = &putting->put;
    struct service *service = face_of(request)->service;
    struct json_out out = {&request->out, false};

    own_put_course_head(&out, face_call(request)->course.bytes, put->title, put->description, true,
                        put->staff, put->staff_count);
    for (uint32_t begin = 0; begin < put->item_count; begin += ITEMS_PER_HOLD) {
        struct view view = service_read_begin(service);
        for (uint32_t i = begin; i < put->item_count && i < begin + ITEMS_PER_HOLD; i++) {
            const struct put_item *item = &put->items[i];
            const char *type =
                item->type.bytes
                    ? item->type.bytes
                    : item_type(view_item(view, view_item_key(view, item->id.bytes, item->id.size)));
            own_put_item(&out, item, type, view_threshold(view));
        }
        service_read_end(view);
    }
    json_close(&out, ']');
    json_close(&out, '}');
    putting->answer_size = request->out.size;
    putting->answer =
        request->out.failed ? NULL : arena_copy(&request->arena, request->out.bytes, request->out.size);
    buf_clear(&request->out);
    return putting->answer ? RC_OK : fault_no_memory(fault);
}

static void encode_put(struct command *command, struct view view)
{
    const struct putting *putting = (const struct putting *)command->put;

    buf_add(command->answer.body, putting->answer, putting->answer_size);
    command->answer.status = command->created ? 201 : 200;
    etag_of_course(command->course_key, command->sequence, view_threshold(view), command->answer.etag);
}

/* Reads the body and writes the answer to be. */
static enum rc decode_put(struct request *request, const struct body *body, struct command *command,
                          struct fault *fault)
{
    struct putting *putting = arena_alloc(&request->arena, sizeof *putting);
    enum rc rc = putting ? own_catalog_decode(request, body, &putting->put, fault) : fault_no_memory(fault);

    if (rc == RC_OK)
        rc = write_answer(request, putting, fault);
    if (rc == RC_OK)
        command->put = &putting->put;
    return rc;
}

const struct write_handler own_catalog_put = {CMD_COURSE_PUT, .decode = decode_put, .encode = encode_put};

/* ---- one course ---- */

struct course_read {
    struct slow slow;
    uint32_t course;
    const struct course_def *def; /* a reference */
};

static enum rc course_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct course_read *read = (struct course_read *)slow;
    const struct course_def *def = view_course(found->view, found->course);

    if (!def)
        return fault_set(fault, RC_NOT_FOUND, NULL, "Course not found");
    read->course = found->course;
    read->def = course_def_ref(def);
    slow->small = def->item_count + def->staff_count <= LARGE_READ;
    return RC_OK;
}

/* In one go: an answer that is whole has its tag. */
static enum rc course_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct course_read *read = (struct course_read *)slow;
    struct view view = service_read_begin(face_of(slow->request)->service);

    (void)fault;
    etag_of_course(read->course, read->def->version, view_threshold(view), slow->request->etag);
    own_put_course(&slow->out, view, read->course, read->def);
    service_read_end(view);
    *out_last = true;
    return RC_OK;
}

static void course_close(struct slow *slow)
{
    course_def_unref(((struct course_read *)slow)->def);
}

const struct slow_handler own_catalog_get = {sizeof(struct course_read), .open = course_open,
                                             .step = course_step, .close = course_close};

static void encode_deleted(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "Course deleted");
    json_put_text(&out, "id", command->course.bytes);
    json_close(&out, '}');
}

const struct write_handler own_catalog_delete = {CMD_COURSE_DELETE, .encode = encode_deleted};
