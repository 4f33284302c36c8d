#include "face/own/own_catalog.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/limits.h"
#include "core/record.h"
#include "face/body.h"
#include "face/face.h"
#include "face/read.h"
#include "face/show.h"
#include "face/snapshot.h"
#include "face/steps.h"
#include "face/work.h"
#include "face/write.h"

enum {
    TITLE_MAX = 1024,
    DESCRIPTION_MAX = 16384,
    TYPE_MAX = 64,
    SECTION_MAX = 256,
    PAGE_DEFAULT = 20,
    PAGE_MAX = 100
};

/* A body above this is read by a worker: a large one takes tens of milliseconds, and an event loop has
 * others. */
enum { LARGE_BYTES = 64 << 10 };

/* Items looked up before the model's lock is given back for a moment. */
enum { ITEMS_PER_HOLD = 1000 };

/* ---- encoding ---- */

static void put_item(struct json_out *out, const struct put_item *item, const char *type, uint16_t threshold)
{
    json_open(out, '{');
    json_put_text(out, "id", item->id.bytes);
    json_put_text(out, "title", item->title.bytes);
    json_put_text(out, "type", type);
    json_put_text(out, "section", item->section.bytes);
    if (item->duration_ms)
        json_put_scaled(out, "durationSeconds", item->duration_ms, 3);
    else
        json_put_null(out, "durationSeconds");
    json_put_bool(out, "required", item->required);
    json_put_scaled(out, "threshold", item->threshold_hundredths ? item->threshold_hundredths : threshold, 2);
    json_close(out, '}');
}

static void put_head(struct json_out *out, const char *id, struct text title, struct text description,
                     bool declared, const struct staff *staff, uint32_t staff_count)
{
    json_open(out, '{');
    json_put_text(out, "id", id);
    json_put_text(out, "title", title.bytes);
    json_put_text(out, "description", description.bytes);
    json_put_bool(out, "declared", declared);
    json_put_open(out, "staff", '[');
    for (uint32_t i = 0; i < staff_count; i++) {
        json_open(out, '{');
        json_put_text(out, "userId", staff[i].user.bytes);
        json_put_text(out, "role", staff[i].owner ? "OWNER" : "INSTRUCTOR");
        json_close(out, '}');
    }
    json_close(out, ']');
    json_put_open(out, "contents", '[');
}

/* Under the lock, which it gives back now and then: the definition is kept by reference. */
static void put_course(struct json_out *out, struct view view, uint32_t course, const struct course_def *def)
{
    uint32_t steps = 0;

    put_head(out, view_course_slot(view, course)->id, def->title, def->description, def->declared, def->staff,
             def->staff_count);
    for (uint32_t i = 0; i < def->item_count; i++) {
        const struct item_slot *slot = view_item_slot(view, def->items[i]);
        const struct item_def *item = view_item(view, def->items[i]);
        if (!item)
            continue; /* forgotten meanwhile */
        struct put_item shown = {.id = slot_id(slot->id, slot->id_size),
                                 .title = item->title,
                                 .section = item->section,
                                 .duration_ms = item->duration_ms,
                                 .required = item->required,
                                 .threshold_hundredths = item->threshold_hundredths};
        put_item(out, &shown, item_type(item), view.model->threshold_hundredths);
        (void)view_pause(view, &steps, 1);
    }
    json_close(out, ']');
    json_close(out, '}');
}

/* ---- decoding a PUT ---- */

static enum rc take_text(struct arena *arena, const json_t *value, const char *field, size_t max,
                         struct text *out, struct fault *fault)
{
    const char *text;

    if (!value)
        return RC_OK;
    enum rc rc = json_in_text(value, field, max, &text, fault);
    if (rc != RC_OK)
        return rc;
    char *copy = arena_copy(arena, text, strlen(text));
    *out = (struct text){copy, (uint32_t)strlen(text)};
    return copy ? RC_OK : fault_no_memory(fault);
}

static enum rc decode_staff(struct arena *arena, const json_t *list, struct course_put *put,
                            struct fault *fault)
{
    size_t index;
    json_t *entry;

    if (!list)
        return RC_OK;
    if (!json_is_array(list) || json_array_size(list) > LIMIT_STAFF)
        return fault_set(fault, RC_INVALID, "staff", "must be an array of at most 1,000 {userId, role}");
    put->staff = arena_alloc(arena, (json_array_size(list) + 1) * sizeof *put->staff);
    if (!put->staff)
        return fault_no_memory(fault);
    json_array_foreach(list, index, entry)
    {
        const char *role = json_string_value(json_object_get(entry, "role"));
        struct staff *staff = &put->staff[index];
        if (!json_is_object(entry))
            return fault_set(fault, RC_INVALID, "staff", "each entry is an object {userId, role}");
        enum rc rc = json_in_id(arena, json_in_member(entry, "userId", SPELLING_EXACT), "staff.userId",
                                &staff->user.bytes, &staff->user.size, fault);
        if (rc != RC_OK)
            return rc;
        if (!role || (strcasecmp(role, "INSTRUCTOR") != 0 && strcasecmp(role, "OWNER") != 0))
            return fault_set(fault, RC_INVALID, "staff.role", "must be INSTRUCTOR or OWNER");
        staff->owner = strcasecmp(role, "OWNER") == 0;
        put->staff_count++;
    }
    return RC_OK;
}

static enum rc decode_item(struct arena *arena, json_t *entry, struct put_item *item, struct fault *fault)
{
    json_t *duration = json_in_member(entry, "durationSeconds", SPELLING_EXACT);
    json_t *required = json_in_member(entry, "required", SPELLING_EXACT);
    json_t *threshold = json_in_member(entry, "threshold", SPELLING_EXACT);
    int64_t hundredths;

    item->required = true;
    enum rc rc = json_in_id(arena, json_in_member(entry, "id", SPELLING_EXACT), "contents.id",
                            &item->id.bytes, &item->id.size, fault);
    if (rc == RC_OK)
        rc = take_text(arena, json_in_member(entry, "title", SPELLING_EXACT), "contents.title", TITLE_MAX,
                       &item->title, fault);
    if (rc == RC_OK)
        rc = take_text(arena, json_in_member(entry, "type", SPELLING_EXACT), "contents.type", TYPE_MAX,
                       &item->type, fault);
    if (rc == RC_OK && item->type.bytes && item->type.size == 0)
        item->type = (struct text){NULL, 0};
    if (rc == RC_OK)
        rc = take_text(arena, json_in_member(entry, "section", SPELLING_EXACT), "contents.section",
                       SECTION_MAX, &item->section, fault);
    if (rc == RC_OK && duration)
        rc =
            json_in_scaled(duration, "contents.durationSeconds", 3, 0, NUMBER_MAX, &item->duration_ms, fault);
    if (rc == RC_OK && required)
        rc = json_in_bool(required, "contents.required", &item->required, fault);
    if (rc == RC_OK && threshold) {
        rc = json_in_scaled(threshold, "contents.threshold", 2, 0, 100, &hundredths, fault);
        if (rc == RC_OK && hundredths == 0)
            rc = fault_set(fault, RC_INVALID, "contents.threshold", "must be above 0 and at most 100");
        item->threshold_hundredths = rc == RC_OK ? (uint16_t)hundredths : 0;
    }
    return rc;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* No item may be listed twice. */
static enum rc refuse_twins(struct arena *arena, const struct course_put *put, struct fault *fault)
{
    const char **ids = arena_alloc(arena, (put->item_count + 1) * sizeof *ids);

    if (!ids)
        return fault_no_memory(fault);
    for (uint32_t i = 0; i < put->item_count; i++)
        ids[i] = put->items[i].id.bytes;
    if (put->item_count)
        qsort(ids, put->item_count, sizeof *ids, by_id);
    for (uint32_t i = 1; i < put->item_count; i++)
        if (strcmp(ids[i - 1], ids[i]) == 0)
            return fault_set(fault, RC_INVALID, "contents.id", "an item is listed twice");
    return RC_OK;
}

static enum rc decode_contents(struct arena *arena, const json_t *list, struct course_put *put,
                               struct fault *fault)
{
    size_t index;
    json_t *entry;

    if (!list)
        return RC_OK;
    if (!json_is_array(list) || json_array_size(list) > LIMIT_COURSE_ITEMS)
        return fault_set(fault, RC_INVALID, "contents", "must be an array of at most 10,000 items");
    put->items = arena_alloc(arena, (json_array_size(list) + 1) * sizeof *put->items);
    if (!put->items)
        return fault_no_memory(fault);
    json_array_foreach(list, index, entry)
    {
        if (!json_is_object(entry))
            return fault_set(fault, RC_INVALID, "contents", "each item is an object");
        enum rc rc = decode_item(arena, entry, &put->items[index], fault);
        if (rc != RC_OK)
            return rc;
        put->item_count++;
    }
    return refuse_twins(arena, put, fault);
}

static enum rc decode_put(struct request *request, const struct body *body, struct course_put *put,
                          struct fault *fault)
{
    struct arena *arena = &request->arena;
    struct text id = face_param(request, 0), named = {NULL, 0};
    enum rc rc = face_id(request, body, "id", false, &named, fault);

    if (rc == RC_OK && named.bytes && (named.size != id.size || memcmp(named.bytes, id.bytes, id.size) != 0))
        rc = fault_set(fault, RC_INVALID, "id", "differs from the path");
    if (rc == RC_OK)
        rc = take_text(arena, body_get(body, "title"), "title", TITLE_MAX, &put->title, fault);
    if (rc == RC_OK)
        rc = take_text(arena, body_get(body, "description"), "description", DESCRIPTION_MAX,
                       &put->description, fault);
    if (rc == RC_OK)
        rc = decode_staff(arena, body_get(body, "staff"), put, fault);
    if (rc == RC_OK)
        rc = decode_contents(arena, body_get(body, "contents"), put, fault);
    return rc;
}

/* ---- handlers ---- */

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

    put_head(&out, face_param(request, 0).bytes, put->title, put->description, true, put->staff,
             put->staff_count);
    for (uint32_t begin = 0; begin < put->item_count; begin += ITEMS_PER_HOLD) {
        struct view view = model_read_begin(model);
        for (uint32_t i = begin; i < put->item_count && i < begin + ITEMS_PER_HOLD; i++) {
            const struct put_item *item = &put->items[i];
            const char *type =
                item->type.bytes
                    ? item->type.bytes
                    : item_type(view_item(view, view_item_key(view, item->id.bytes, item->id.size)));
            put_item(&out, item, type, model->threshold_hundredths);
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
    etag_of_course(command->course_key, command->sequence, view.model->threshold_hundredths,
                   command->answer.etag);
}

/* Reads the body and writes the answer to be. */
static enum rc prepare_put(struct request *request, struct fault *fault)
{
    static const struct text nobody = {NULL, 0};
    struct putting *putting = arena_alloc(&request->arena, sizeof *putting);
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = putting ? face_body(request, SPELLING_EXACT, &body, fault) : RC_BUSY;

    if (rc == RC_OK)
        rc = decode_put(request, &body, &putting->put, fault);
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
        etag_of_course(course, def->version, view.model->threshold_hundredths, request->etag);
        put_course(&out, view, course, def);
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

static void put_line(struct json_out *out, const struct course_slot *slot)
{
    json_open(out, '{');
    json_put_text(out, "id", slot->id);
    json_put_text(out, "title", slot->def->title.bytes);
    json_put_bool(out, "declared", slot->def->declared);
    json_put_int(out, "contents", slot->def->item_count);
    json_put_int(out, "enrollments", slot->sums.learners);
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
    for (uint32_t steps = STEPS_A_HOLD; read->at < view.model->course_count && steps > 0; steps--) {
        const struct course_slot *slot = view_course_slot(view, ++read->at);
        if (!slot || !slot->def)
            continue;
        if (!read->limit || read->total / read->limit == read->page - 1)
            put_line(&read->out, slot);
        read->total++;
    }
    *out_last = read->at >= view.model->course_count;
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
    face_stream(request, &(struct face_source){list_step, NULL, read, "application/json", true});
}
