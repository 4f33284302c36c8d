#include "face/own/own_catalog.h"

#include "face/body.h"
#include "face/face.h"
#include "face/own/own_catalog_decode.h"
#include "face/own/own_catalog_encode.h"
#include "face/read.h"
#include "face/snapshot.h"
#include "face/steps.h"
#include "face/work.h"
#include "face/write.h"

enum { PAGE_DEFAULT = 20, PAGE_MAX = 100 };

/* A body above this is read by a worker: a large one takes tens of milliseconds, and an event loop has
 * others. */
enum { LARGE_BYTES = 64 << 10 };

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
    struct model *model = face_of(request)->model;
    struct json_out out = {&request->out, false};

    own_put_course_head(&out, face_param(request, 0).bytes, put->title, put->description, true, put->staff,
                        put->staff_count);
    for (uint32_t begin = 0; begin < put->item_count; begin += ITEMS_PER_HOLD) {
        struct view view = model_read_begin(model);
        for (uint32_t i = begin; i < put->item_count && i < begin + ITEMS_PER_HOLD; i++) {
            const struct put_item *item = &put->items[i];
            const char *type =
                item->type.bytes
                    ? item->type.bytes
                    : item_type(view_item(view, view_item_key(view, item->id.bytes, item->id.size)));
            own_put_item(&out, item, type, model_threshold(model));
        }
        model_read_end(view);
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
static enum rc prepare_put(struct request *request, struct fault *fault)
{
    static const struct text nobody = {NULL, 0};
    struct putting *putting = arena_alloc(&request->arena, sizeof *putting);
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = putting ? face_body(request, SPELLING_EXACT, &body, fault) : RC_BUSY;

    if (rc == RC_OK)
        rc = own_catalog_decode(request, &body, &putting->put, fault);
    if (rc == RC_OK)
        rc = face_may_user(request, nobody, fault);
    if (rc == RC_OK)
        rc = write_answer(request, putting, fault);
    struct command *command =
        rc == RC_OK ? face_command(request, CMD_COURSE_PUT, FACE_CATALOG, nobody) : NULL;
    if (rc == RC_OK && !command)
        rc = fault_no_memory(fault);
    if (rc != RC_OK)
        return rc;
    command->course = face_param(request, 0);
    command->put = &putting->put;
    request->command = command;
    return RC_OK;
}

static void submit_put(struct request *request)
{
    face_submit(request, request->command, encode_put);
}

void own_catalog_put(struct request *request)
{
    struct fault fault = {NULL, NULL};
    enum rc rc = request_id_param(request, 0, "id", &fault);

    if (rc == RC_OK && request->body.size > LARGE_BYTES) {
        face_work(request, prepare_put, submit_put);
        return;
    }
    if (rc == RC_OK)
        rc = prepare_put(request, &fault);
    if (rc == RC_OK)
        submit_put(request);
    else
        request_fail(request, rc, &fault);
}

/* large: however many items it has; else *out_large says that there are too many for an event loop. */
static enum rc read_course(struct request *request, bool large, bool *out_large, struct fault *fault)
{
    struct json_out out = {&request->out, false};
    struct text id = face_param(request, 0);
    const struct course_def *def = NULL;
    uint32_t course = 0;
    struct view view = model_read_begin(face_of(request)->model);
    enum rc rc = face_may(request, view, ACCESS_CATALOG_READ, (struct text){NULL, 0},
                          view_course_key(view, id.bytes, id.size), true, fault);

    if (rc == RC_OK)
        rc = face_course(view, id, &course, fault);
    if (rc == RC_OK)
        def = course_def_ref(view_course(view, course));
    *out_large = !large && def && def->item_count + def->staff_count > LARGE_READ;
    if (rc == RC_OK && !*out_large) {
        etag_of_course(course, def->version, view_threshold(view), request->etag);
        own_put_course(&out, view, course, def);
    }
    model_read_end(view);
    course_def_unref(def);
    return rc;
}

static enum rc work_course(struct request *request, struct fault *fault)
{
    bool large;
    return read_course(request, true, &large, fault);
}

void own_catalog_get(struct request *request)
{
    struct fault fault = {NULL, NULL};
    bool large = false;
    enum rc rc = request_id_param(request, 0, "id", &fault);

    if (rc == RC_OK)
        rc = read_course(request, false, &large, &fault);
    if (large)
        face_work(request, work_course, NULL);
    else if (rc == RC_OK)
        request_reply(request, 200, "application/json");
    else
        request_fail(request, rc, &fault);
}

static void encode_deleted(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "Course deleted");
    json_put_text(&out, "id", command->course.bytes);
    json_close(&out, '}');
}

void own_catalog_delete(struct request *request)
{
    static const struct text nobody = {NULL, 0};
    struct fault fault = {NULL, NULL};
    enum rc rc = request_id_param(request, 0, "id", &fault);

    if (rc == RC_OK)
        rc = face_may_user(request, nobody, &fault);
    struct command *command =
        rc == RC_OK ? face_command(request, CMD_COURSE_DELETE, FACE_CATALOG, nobody) : NULL;
    if (rc == RC_OK && !command)
        rc = fault_no_memory(&fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->course = face_param(request, 0);
    face_submit(request, command, encode_deleted);
}

/* All courses, or a page of them: in the order of their first sight. */
struct list_read {
    struct model *model;
    int64_t page, limit; /* limit 0: all, without pages */
    uint32_t at;         /* the course looked at last */
    int64_t total;
    struct json_out out;
};

static void put_line(struct json_out *out, struct view view, uint32_t course, const struct course_def *def)
{
    json_open(out, '{');
    json_put_text(out, "id", view_id(view, ENTITY_COURSE, course).bytes);
    json_put_text(out, "title", def->title.bytes);
    json_put_bool(out, "declared", def->declared);
    json_put_int(out, "contents", def->item_count);
    json_put_int(out, "enrollments", view_course_sums(view, course)->learners);
    json_close(out, '}');
}

static void put_pagination(struct list_read *read)
{
    struct json_out *out = &read->out;
    int64_t pages = (read->total + read->limit - 1) / read->limit;

    json_put_open(out, "pagination", '{');
    json_put_int(out, "page", read->page);
    json_put_int(out, "limit", read->limit);
    json_put_int(out, "total", read->total);
    json_put_int(out, "totalPages", pages);
    json_put_bool(out, "hasMore", read->page < pages);
    json_close(out, '}');
}

static enum rc list_step(void *state, struct buf *out, bool *out_last, struct fault *fault)
{
    struct list_read *read = state;

    (void)fault;
    read->out.buf = out;
    if (read->at == 0) {
        json_open(&read->out, '{');
        json_put_open(&read->out, "courses", '[');
    }
    struct view view = model_read_begin(read->model);
    for (uint32_t steps = STEPS_A_HOLD; read->at < view_count(view, ENTITY_COURSE) && steps > 0; steps--) {
        const struct course_def *def = view_course(view, ++read->at);
        if (!def)
            continue;
        if (!read->limit || read->total / read->limit == read->page - 1)
            put_line(&read->out, view, read->at, def);
        read->total++;
    }
    *out_last = read->at >= view_count(view, ENTITY_COURSE);
    model_read_end(view);
    if (*out_last) {
        json_close(&read->out, ']');
        if (read->limit)
            put_pagination(read);
        json_close(&read->out, '}');
    }
    return RC_OK;
}

void own_catalog_list(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct list_read *read = arena_alloc(&request->arena, sizeof *read);
    enum rc rc = read ? RC_OK : fault_no_memory(&fault);

    if (rc == RC_OK)
        rc = face_query_number(request, "page", 1, INT32_MAX, &read->page, &fault);
    if (rc == RC_OK)
        rc = face_query_number(request, "limit", 1, PAGE_MAX, &read->limit, &fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    if (read->page && !read->limit)
        read->limit = PAGE_DEFAULT;
    if (!read->page)
        read->page = 1;
    read->model = face_of(request)->model;
    face_stream(request, &(struct face_source){list_step, NULL, read, "application/json", true, false});
}
