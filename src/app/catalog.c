#include "app/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"

/* Absent and empty texts differ: size + 1, 0 for absent. */
static void encode_text(struct buf *out, struct text text)
{
    if (!buf_reserve(out, VARINT_MAX_BYTES))
        return;
    uint8_t *at = (uint8_t *)out->bytes + out->size;
    out->size += (size_t)(put_u64(at, text.bytes ? (uint64_t)text.size + 1 : 0) - at);
    if (text.bytes)
        buf_add(out, text.bytes, text.size);
}

static void encode_number(struct buf *out, int64_t value)
{
    if (!buf_reserve(out, VARINT_MAX_BYTES))
        return;
    uint8_t *at = (uint8_t *)out->bytes + out->size;
    out->size += (size_t)(put_i64(at, value) - at);
}

static struct text decode_text(struct reader *from)
{
    uint64_t size = get_u64(from);

    if (size == 0)
        return (struct text){NULL, 0};
    if (size - 1 > (uint64_t)(from->end - from->at)) {
        from->bad = true;
        return (struct text){NULL, 0};
    }
    struct text text = {(const char *)from->at, (uint32_t)(size - 1)};
    from->at += size - 1;
    return text;
}

/* A count of things that take at least a byte each, so never more than the bytes left. */
static uint32_t decode_count(struct reader *from)
{
    int64_t count = get_i64(from);

    if (count < 0 || count > from->end - from->at) {
        from->bad = true;
        return 0;
    }
    return (uint32_t)count;
}

static void encode_staff(struct buf *out, const struct staff *staff, uint32_t count)
{
    encode_number(out, count);
    for (uint32_t i = 0; i < count; i++) {
        encode_text(out, staff[i].user);
        encode_number(out, staff[i].owner);
    }
}

static struct staff *decode_staff(struct reader *from, struct arena *arena, uint32_t *out_count)
{
    uint32_t count = decode_count(from);
    struct staff *staff = arena_alloc(arena, (count + 1) * sizeof *staff);

    for (uint32_t i = 0; staff && i < count; i++) {
        staff[i].user = decode_text(from);
        staff[i].owner = get_i64(from) != 0;
    }
    *out_count = count;
    return staff;
}

void declaration_encode(const struct declaration *declaration, struct buf *out)
{
    encode_text(out, declaration->title);
    encode_text(out, declaration->description);
    encode_staff(out, declaration->staff, declaration->staff_count);
    encode_number(out, declaration->item_count);
    for (uint32_t i = 0; i < declaration->item_count; i++) {
        const struct declared_item *item = &declaration->items[i];
        encode_number(out, item->item);
        encode_text(out, item->title);
        encode_text(out, item->type);
        encode_text(out, item->section);
        encode_number(out, item->duration_ms);
        encode_number(out, item->threshold_hundredths);
        encode_number(out, item->required);
    }
}

bool declaration_decode(const uint8_t *bytes, size_t size, struct arena *arena, struct declaration *out)
{
    struct reader from = {bytes, bytes + size, false};
    struct declaration declaration = {.title = decode_text(&from)};

    declaration.description = decode_text(&from);
    declaration.staff = decode_staff(&from, arena, &declaration.staff_count);
    declaration.item_count = decode_count(&from);
    declaration.items = arena_alloc(arena, (declaration.item_count + 1) * sizeof *declaration.items);
    if (!declaration.staff || !declaration.items)
        return false;
    for (uint32_t i = 0; i < declaration.item_count; i++) {
        struct declared_item *item = &declaration.items[i];
        item->item = (uint32_t)get_i64(&from);
        item->title = decode_text(&from);
        item->type = decode_text(&from);
        item->section = decode_text(&from);
        item->duration_ms = get_i64(&from);
        item->threshold_hundredths = (uint16_t)get_i64(&from);
        item->required = get_i64(&from) != 0;
    }
    if (from.bad || from.at != from.end)
        return false;
    *out = declaration;
    return true;
}

bool text_copy(struct arena *arena, struct text from, struct text *out)
{
    if (!from.bytes) {
        *out = from;
        return true;
    }
    char *copy = arena_copy(arena, from.bytes, from.size);
    *out = (struct text){copy, from.size};
    return copy != NULL;
}

struct item_def *item_def_copy(const struct item_def *like)
{
    struct item_def *def = malloc(sizeof *def);

    if (!def)
        return NULL;
    *def = *like;
    arena_init(&def->arena);
    if (!text_copy(&def->arena, like->title, &def->title) || !text_copy(&def->arena, like->type, &def->type) ||
        !text_copy(&def->arena, like->section, &def->section)) {
        item_def_free(def);
        return NULL;
    }
    return def;
}

void item_def_free(struct item_def *def)
{
    if (def)
        arena_done(&def->arena);
    free(def);
}

struct course_def *course_def_copy(const struct course_def *like)
{
    struct course_def *def = malloc(sizeof *def);

    if (!def)
        return NULL;
    *def = *like;
    arena_init(&def->arena);
    def->staff = arena_alloc(&def->arena, (like->staff_count + 1) * sizeof *def->staff);
    def->items = arena_alloc(&def->arena, (like->item_count + 1) * sizeof *def->items);
    bool whole = def->staff && def->items && text_copy(&def->arena, like->title, &def->title) &&
                 text_copy(&def->arena, like->description, &def->description);
    for (uint32_t i = 0; whole && i < like->staff_count; i++) {
        def->staff[i].owner = like->staff[i].owner;
        whole = text_copy(&def->arena, like->staff[i].user, &def->staff[i].user);
    }
    if (!whole) {
        course_def_free(def);
        return NULL;
    }
    if (like->item_count)
        memcpy(def->items, like->items, like->item_count * sizeof *def->items);
    return def;
}

void course_def_free(struct course_def *def)
{
    if (def)
        arena_done(&def->arena);
    free(def);
}

bool course_def_add_item(struct course_def *def, uint32_t item)
{
    uint32_t *items = arena_alloc(&def->arena, (def->item_count + 1) * sizeof *items);

    if (!items)
        return false;
    if (def->item_count)
        memcpy(items, def->items, def->item_count * sizeof *items);
    items[def->item_count++] = item;
    def->items = items;
    return true;
}

void item_def_encode(const struct item_def *def, struct buf *out)
{
    encode_number(out, def->course);
    encode_number(out, (def->declared ? 1 : 0) | (def->retired ? 2 : 0) | (def->required ? 4 : 0));
    encode_number(out, def->threshold_hundredths);
    encode_number(out, def->type_rank);
    encode_number(out, def->duration_ms);
    encode_text(out, def->title);
    encode_text(out, def->type);
    encode_text(out, def->section);
}

struct item_def *item_def_decode(const uint8_t **at, const uint8_t *end)
{
    struct reader from = {*at, end, false};
    struct item_def raw = {.course = (uint32_t)get_i64(&from)};
    int64_t bits = get_i64(&from);

    raw.declared = bits & 1;
    raw.retired = bits & 2;
    raw.required = bits & 4;
    raw.threshold_hundredths = (uint16_t)get_i64(&from);
    raw.type_rank = (uint8_t)get_i64(&from);
    raw.duration_ms = get_i64(&from);
    raw.title = decode_text(&from);
    raw.type = decode_text(&from);
    raw.section = decode_text(&from);
    *at = from.at;
    return from.bad ? NULL : item_def_copy(&raw);
}

void course_def_encode(const struct course_def *def, struct buf *out)
{
    encode_number(out, def->declared);
    encode_number(out, def->required_count);
    encode_number(out, def->shrunk_at_ms);
    encode_number(out, def->updated_at_ms);
    encode_number(out, (int64_t)def->version);
    encode_text(out, def->title);
    encode_text(out, def->description);
    encode_staff(out, def->staff, def->staff_count);
    encode_number(out, def->item_count);
    for (uint32_t i = 0; i < def->item_count; i++)
        encode_number(out, def->items[i]);
}

struct course_def *course_def_decode(const uint8_t **at, const uint8_t *end)
{
    struct reader from = {*at, end, false};
    struct arena scratch;
    struct course_def raw = {.declared = get_i64(&from) != 0}, *def = NULL;

    arena_init(&scratch);
    raw.required_count = (uint32_t)get_i64(&from);
    raw.shrunk_at_ms = get_i64(&from);
    raw.updated_at_ms = get_i64(&from);
    raw.version = (uint64_t)get_i64(&from);
    raw.title = decode_text(&from);
    raw.description = decode_text(&from);
    raw.staff = decode_staff(&from, &scratch, &raw.staff_count);
    raw.item_count = decode_count(&from);
    raw.items = arena_alloc(&scratch, (raw.item_count + 1) * sizeof *raw.items);
    for (uint32_t i = 0; raw.items && i < raw.item_count; i++)
        raw.items[i] = (uint32_t)get_i64(&from);
    if (raw.staff && raw.items && !from.bad)
        def = course_def_copy(&raw);
    arena_done(&scratch);
    *at = from.at;
    return def;
}
