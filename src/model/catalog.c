#include "model/catalog.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* ---- definitions ---- */

/* Texts and staff of a course; counted, one allocation. */
struct course_about {
    atomic_uint refs;
    struct staff staff[];
};

/* Items of a course in order. Only the newest definition's thread appends, past what any other counts, so
 * readers of the others never meet it. */
struct item_list {
    atomic_uint refs;
    uint32_t count, room; /* count: what the newest definition counts */
    uint32_t at[];
};

_Static_assert(offsetof(struct item_def, refs) == 0 && offsetof(struct course_def, refs) == 0,
               "copy_after_refs");

static bool last_ref(atomic_uint *refs)
{
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

static void one_more(atomic_uint *refs)
{
    (void)atomic_fetch_add_explicit(refs, 1, memory_order_relaxed); /* the count is enough */
}

/* All but the count at its beginning, which others may be changing. */
static void copy_after_refs(void *to, const void *from, size_t bytes)
{
    memcpy((char *)to + sizeof(atomic_uint), (const char *)from + sizeof(atomic_uint),
           bytes - sizeof(atomic_uint));
}

/* Copies a text to *inout_at, a NUL after it. */
static struct text put_text(char **inout_at, struct text from)
{
    char *at = *inout_at;

    if (!from.bytes)
        return from;
    memcpy(at, from.bytes, from.size);
    at[from.size] = '\0';
    *inout_at = at + from.size + 1;
    return (struct text){at, from.size};
}

struct item_def *item_def_copy(const struct item_def *like)
{
    struct item_def *def = malloc(sizeof *def + like->title.size + like->type.size + like->section.size + 3u);

    if (!def)
        return NULL;
    char *at = (char *)(def + 1);
    copy_after_refs(def, like, sizeof *def);
    atomic_init(&def->refs, 1);
    def->title = put_text(&at, like->title);
    def->type = put_text(&at, like->type);
    def->section = put_text(&at, like->section);
    return def;
}

struct item_def item_def_value(const struct item_def *def)
{
    struct item_def value = {.course = 0};

    copy_after_refs(&value, def, sizeof value);
    return value;
}

const struct item_def *item_def_ref(const struct item_def *def)
{
    if (def)
        one_more(&((struct item_def *)(uintptr_t)def)->refs); /* the count alone changes */
    return def;
}

void item_def_unref(const struct item_def *def)
{
    if (def && last_ref(&((struct item_def *)(uintptr_t)def)->refs))
        free((void *)(uintptr_t)def);
}

static void about_unref(struct course_about *about)
{
    if (about && last_ref(&about->refs))
        free(about);
}

static void list_unref(struct item_list *list)
{
    if (list && last_ref(&list->refs))
        free(list);
}

struct course_def *course_def_copy(const struct course_def *like)
{
    struct course_def *def = malloc(sizeof *def);

    if (!def)
        return NULL;
    copy_after_refs(def, like, sizeof *def);
    atomic_init(&def->refs, 1);
    if (def->about)
        one_more(&def->about->refs);
    if (def->list)
        one_more(&def->list->refs);
    return def;
}

const struct course_def *course_def_ref(const struct course_def *def)
{
    if (def)
        one_more(&((struct course_def *)(uintptr_t)def)->refs); /* the count alone changes */
    return def;
}

void course_def_unref(const struct course_def *def)
{
    if (!def || !last_ref(&((struct course_def *)(uintptr_t)def)->refs))
        return;
    about_unref(def->about);
    list_unref(def->list);
    free((void *)(uintptr_t)def);
}

bool course_def_tell(struct course_def *def, struct text title, struct text description,
                     const struct staff *staff, uint32_t staff_count)
{
    size_t bytes = title.size + description.size + 2u;

    for (uint32_t i = 0; i < staff_count; i++)
        bytes += staff[i].user.size + 1u;
    struct course_about *about = malloc(sizeof *about + staff_count * sizeof *staff + bytes);
    if (!about)
        return false;
    char *at = (char *)(about->staff + staff_count);
    atomic_init(&about->refs, 1);
    for (uint32_t i = 0; i < staff_count; i++)
        about->staff[i] = (struct staff){put_text(&at, staff[i].user), staff[i].owner};
    def->title = put_text(&at, title);
    def->description = put_text(&at, description);
    def->staff = about->staff;
    def->staff_count = staff_count;
    about_unref(def->about);
    def->about = about;
    return true;
}

/* A list of its own with room for more; what it holds so far is copied. */
static bool own_list(struct course_def *def, const uint32_t *items, uint32_t count, uint32_t room)
{
    struct item_list *list = malloc(sizeof *list + room * sizeof *list->at);

    if (!list)
        return false;
    atomic_init(&list->refs, 1);
    list->count = count;
    list->room = room;
    if (count)
        memcpy(list->at, items, count * sizeof *items);
    list_unref(def->list);
    def->list = list;
    def->items = list->at;
    def->item_count = count;
    return true;
}

bool course_def_list(struct course_def *def, const uint32_t *items, uint32_t count)
{
    return own_list(def, items, count, count);
}

bool course_def_add_item(struct course_def *def, uint32_t item)
{
    struct item_list *list = def->list;

    if (!list || list->count != def->item_count || list->count == list->room) {
        if (!own_list(def, def->items, def->item_count, def->item_count + def->item_count / 2 + 4))
            return false;
        list = def->list;
    }
    list->at[list->count++] = item;
    def->item_count++;
    return true;
}

bool course_def_filter(struct course_def *def, bool (*keep)(void *arg, uint32_t item), void *arg)
{
    uint32_t kept = 0;

    if (!own_list(def, def->items, def->item_count, def->item_count))
        return false;
    for (uint32_t i = 0; i < def->item_count; i++)
        if (keep(arg, def->items[i]))
            def->list->at[kept++] = def->items[i];
    def->item_count = def->list->count = kept;
    return true;
}

void course_def_newest(const struct course_def *def)
{
    if (def && def->list)
        def->list->count = def->item_count;
}

/* ---- the checkpoint file's bytes ---- */

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
    encode_number(out, def->bound);
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
    raw.bound = (uint32_t)get_i64(&from);
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
    struct text title = decode_text(&from), description = decode_text(&from);
    uint32_t staff_count, count;
    const struct staff *staff = decode_staff(&from, &scratch, &staff_count);
    count = decode_count(&from);
    uint32_t *items = arena_alloc(&scratch, (count + 1) * sizeof *items);
    for (uint32_t i = 0; items && i < count; i++)
        items[i] = (uint32_t)get_i64(&from);
    if (staff && items && !from.bad)
        def = course_def_copy(&raw);
    if (def && (!course_def_tell(def, title, description, staff, staff_count) ||
                !course_def_list(def, items, count))) {
        course_def_unref(def);
        def = NULL;
    }
    arena_done(&scratch);
    *at = from.at;
    return def;
}

const char *item_type(const struct item_def *def)
{
    return def && def->type.bytes ? def->type.bytes : "other";
}

bool item_is_video(const struct item_def *def)
{
    return !def || def->type_rank == TYPE_UNKNOWN || !def->type.bytes ||
           strcasecmp(def->type.bytes, "video") == 0;
}
