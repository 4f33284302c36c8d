#include "face/own/own_catalog_decode.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/limits.h"
#include "core/record.h"
#include "face/face.h"

enum { TITLE_MAX = 1024, DESCRIPTION_MAX = 16384, TYPE_MAX = 64, SECTION_MAX = 256 };

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

enum rc own_catalog_decode(struct request *request, const struct body *body, struct course_put *put,
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
