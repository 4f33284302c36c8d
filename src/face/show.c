#include "face/show.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ident.h"
#include "base/instant.h"
#include "core/members.h"
#include "core/words.h"

void json_put_id(struct json_out *out, const char *name, struct text id)
{
    int64_t number;

    json_name(out, name);
    if (ident_integer(id.bytes, id.size, &number))
        json_int(out, number);
    else
        json_text(out, id.bytes, id.size);
}

void json_put_segments(struct json_out *out, const struct segment *segments, uint32_t count)
{
    json_put_open(out, "segments", '[');
    for (uint32_t i = 0; i < count; i++) {
        json_open(out, '[');
        json_scaled(out, segments[i].from_ms, 3);
        json_scaled(out, segments[i].to_ms, 3);
        json_close(out, ']');
    }
    json_close(out, ']');
}

void json_put_day(struct json_out *out, const char *name, int32_t day)
{
    char text[INSTANT_TEXT_BYTES];

    instant_format(day * DAY_MS, text);
    json_name(out, name);
    json_text(out, text, strcspn(text, "T"));
}

void json_put_pagination(struct json_out *out, int64_t page, int64_t limit, int64_t total)
{
    int64_t pages = (total + limit - 1) / limit;

    json_put_open(out, "pagination", '{');
    json_put_int(out, "page", page);
    json_put_int(out, "limit", limit);
    json_put_int(out, "total", total);
    json_put_int(out, "totalPages", pages);
    json_put_bool(out, "hasMore", page < pages);
    json_close(out, '}');
}

const char *course_title(struct arena *arena, struct view view, uint32_t course, const char *id)
{
    const struct course_def *def = view_course(view, course);

    if (def && def->title.bytes && def->title.size)
        return def->title.bytes;
    const char *text = arena_printf(arena, "Course %s", id);
    return text ? text : id;
}

bool is_video(const struct item_def *def)
{
    return item_is_video(def);
}

void json_put_members(struct json_out *out, const uint8_t *members, size_t size,
                      bool (*skip)(const char *name))
{
    const uint8_t *at = members, *end = members + size;
    struct member member;

    while (size && member_next(&at, end, &member)) {
        char name[128], *long_name = NULL;
        if (member.name_size < sizeof name) {
            memcpy(name, member.name, member.name_size);
            name[member.name_size] = '\0';
        } else {
            long_name = strndup(member.name, member.name_size);
        }
        const char *text = long_name ? long_name : name;
        if (!skip || !skip(text)) {
            json_name(out, text);
            json_raw(out, member.value, member.value_size);
        }
        free(long_name);
    }
}

static int newest_first(const void *a, const void *b)
{
    const struct record *left = *(const struct record *const *)a, *right = *(const struct record *const *)b;

    if (left->updated_at_ms != right->updated_at_ms)
        return left->updated_at_ms > right->updated_at_ms ? -1 : 1;
    return left->id > right->id ? -1 : left->id < right->id;
}

void records_sort(const struct record **records, uint32_t count)
{
    if (count)
        qsort(records, count, sizeof *records, newest_first);
}

const struct record **records_of_learner(struct arena *arena, const struct learner *learner,
                                         uint32_t *out_count)
{
    const struct record **records = arena_alloc(arena, (learner->record_count + 1) * sizeof *records);
    uint32_t count = 0;

    for (uint32_t i = 0; records && i < learner->record_count; i++)
        if (learner->records[i].flags & RECORD_PRESENT)
            records[count++] = &learner->records[i];
    if (records)
        records_sort(records, count);
    *out_count = count;
    return records;
}

const char *status_name(const struct record *record)
{
    if (record_shows_locked(record))
        return WORD_LOCKED;
    return word_of_status(record->status, WORDS_UPPER);
}
