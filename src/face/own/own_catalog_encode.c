#include "face/own/own_catalog_encode.h"

#include "app/snapshot.h"
#include "face/show.h"

void own_put_item(struct json_out *out, const struct put_item *item, const char *type, uint16_t threshold)
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

void own_put_course_head(struct json_out *out, const char *id, struct text title, struct text description,
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

void own_put_course(struct json_out *out, struct view view, uint32_t course, const struct course_def *def)
{
    uint32_t steps = 0;

    own_put_course_head(out, view_id(view, ENTITY_COURSE, course).bytes, def->title, def->description,
                        def->declared, def->staff, def->staff_count);
    for (uint32_t i = 0; i < def->item_count; i++) {
        const struct item_def *item = view_item(view, def->items[i]);
        if (!item)
            continue; /* forgotten meanwhile */
        struct put_item shown = {.id = view_id(view, ENTITY_ITEM, def->items[i]),
                                 .title = item->title,
                                 .section = item->section,
                                 .duration_ms = item->duration_ms,
                                 .required = item->required,
                                 .threshold_hundredths = item->threshold_hundredths};
        own_put_item(out, &shown, item_type(item), view_threshold(view));
        (void)view_pause(view, &steps, 1);
    }
    json_close(out, ']');
    json_close(out, '}');
}
