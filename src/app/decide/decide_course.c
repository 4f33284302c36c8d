#include "app/decide/decide_course.h"

#include <string.h>

#include "app/batch.h"
#include "base/codec.h"
#include "core/limits.h"

/* A face refuses most of it before; an import comes here. */
static enum rc check_budgets(struct view view, struct command *command, uint32_t course)
{
    const struct course_put *put = command->put;
    uint32_t fresh = 0;

    if (put->item_count > LIMIT_COURSE_ITEMS)
        return fault_set(&command->fault, RC_INVALID, command_part_name(command, PART_COURSE_ITEMS),
                         "a course lists at most 10,000 items");
    if (put->staff_count > LIMIT_STAFF)
        return fault_set(&command->fault, RC_INVALID, command_part_name(command, PART_COURSE_STAFF),
                         "a course has at most 1,000 staff entries");
    for (uint32_t i = 0; i < put->item_count; i++)
        fresh += view_item_key(view, put->items[i].id.bytes, put->items[i].id.size) == 0;
    if (fresh && view_count(view, ENTITY_ITEM) + fresh > LIMIT_ITEMS)
        return fault_set(&command->fault, RC_CONFLICT, NULL, "the server has at most 1,000,000 items");
    if (course == 0 && view_count(view, ENTITY_COURSE) >= LIMIT_COURSES)
        return fault_set(&command->fault, RC_CONFLICT, NULL, "the server has at most 100,000 courses");
    return RC_OK;
}

static enum rc check_items(struct batch *batch, struct command *command, uint32_t course)
{
    const struct course_put *put = command->put;
    struct view view = batch->fold->view;

    for (uint32_t i = 0; i < put->item_count; i++) {
        uint32_t item = view_item_key(view, put->items[i].id.bytes, put->items[i].id.size);
        const struct item_def *def = view_item(view, item);
        if (!def || !def->course || def->course == course || !def->declared)
            continue;
        const char *text = arena_printf(
            command->arena, "item %s belongs to course %s, not to course %s", put->items[i].id.bytes,
            view_id(view, ENTITY_COURSE, def->course).bytes, command->course.bytes);
        return fault_set(&command->fault, RC_INVALID, command_part_name(command, PART_COURSE_ITEMS),
                         text ? text : "an item of another course");
    }
    return RC_OK;
}

static enum rc declaration_of(struct batch *batch, const struct course_put *put, struct declaration *out)
{
    struct declared_item *items = arena_alloc(&batch->arena, (put->item_count + 1) * sizeof *items);

    if (!items)
        return RC_BUSY;
    for (uint32_t i = 0; i < put->item_count; i++) {
        const struct put_item *from = &put->items[i];
        items[i] = (struct declared_item){
            batch_item(batch, from->id), from->title,   from->type, from->section, from->duration_ms,
            from->threshold_hundredths,  from->required};
        if (!items[i].item)
            return RC_BUSY;
    }
    *out = (struct declaration){put->title, put->description, put->staff,
                                items,      put->staff_count, put->item_count};
    return RC_OK;
}

/* Those of the listed items that were in no course, or in another, before this edit. */
static enum rc adopt_all(struct batch *batch, struct command *command, const struct declaration *declared,
                         const bool *newcomer)
{
    for (uint32_t i = 0; i < declared->item_count; i++) {
        enum rc rc = newcomer[i] ? batch_adopt(batch, command, declared->items[i].item, command->course_key,
                                               &command->fault)
                                 : RC_OK;
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

static enum rc put_course(struct batch *batch, struct command *command)
{
    struct view view = batch->fold->view;
    struct buf body = {0};
    struct declaration declared;
    uint32_t course = view_course_key(view, command->course.bytes, command->course.size);
    const struct course_def *before = view_course(view, course);
    char etag[ETAG_BYTES] = "";

    if (before)
        etag_of_course(course, before->version, view_threshold(view), etag);
    enum rc rc = check_budgets(view, command, course);
    if (rc == RC_OK)
        rc = check_items(batch, command, course);
    if (rc == RC_OK && !etag_matches(command->if_match, etag))
        rc = fault_set(&command->fault, RC_STALE_MATCH, "If-Match", "the course has changed since");
    if (rc != RC_OK)
        return rc;
    command->created = !before || !before->declared;
    command->course_key = course = batch_course(batch, command->course);
    rc = course ? declaration_of(batch, command->put, &declared) : RC_BUSY;
    bool *newcomer = rc == RC_OK ? arena_alloc(&batch->arena, declared.item_count + 1) : NULL;
    if (!newcomer)
        return fault_no_memory(&command->fault);
    for (uint32_t i = 0; i < declared.item_count; i++) {
        newcomer[i] = view_item_facts(view, declared.items[i].item).course != course;
    }
    declaration_encode(&declared, &body);
    struct event event = batch_event(command, EV_COURSE_DECLARED);
    event.course = course;
    event.body = (const uint8_t *)body.bytes;
    event.body_size = (uint32_t)body.size;
    rc = body.failed ? fault_no_memory(&command->fault) : batch_emit(batch, &event, &command->fault);
    command->sequence = event.sequence;
    buf_done(&body);
    return rc == RC_OK ? adopt_all(batch, command, &declared, newcomer) : rc;
}

static enum rc delete_course(struct batch *batch, struct command *command)
{
    struct view view = batch->fold->view;
    uint32_t course = view_course_key(view, command->course.bytes, command->course.size);
    const struct course_def *before = view_course(view, course);
    char etag[ETAG_BYTES];

    if (!before || !before->declared)
        return fault_set(&command->fault, RC_NOT_FOUND, NULL, "Course not found");
    etag_of_course(course, before->version, view_threshold(view), etag);
    if (!etag_matches(command->if_match, etag))
        return fault_set(&command->fault, RC_STALE_MATCH, "If-Match", "the course has changed since");
    uint32_t *kept = arena_alloc(&batch->arena, (before->item_count + 1) * sizeof *kept), kept_count = 0;
    uint8_t *body = arena_alloc(&batch->arena, (before->item_count + 1) * VARINT_MAX_BYTES);
    if (!kept || !body)
        return fault_no_memory(&command->fault);
    for (uint32_t i = 0; i < before->item_count; i++)
        if (view_item_sums(view, before->items[i])->records > 0)
            kept[kept_count++] = before->items[i];
    struct event event = batch_event(command, EV_COURSE_UNDECLARED);
    event.course = command->course_key = course;
    event.body = body;
    event.body_size = (uint32_t)(keys_put(body, kept, kept_count) - body);
    enum rc rc = batch_emit(batch, &event, &command->fault);
    command->sequence = event.sequence;
    return rc;
}

enum rc decide_course(struct batch *batch, struct command *command)
{
    return command->kind == CMD_COURSE_PUT ? put_course(batch, command) : delete_course(batch, command);
}
