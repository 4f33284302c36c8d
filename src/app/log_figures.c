#include "app/log_figures.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "core/limits.h"
#include "core/members.h"

void log_figures_done(struct log_figures *figures)
{
    free(figures->fields);
    free(figures->places);
    buf_done(&figures->first_date);
    buf_done(&figures->last_date);
}

static bool grow(struct log_figures *figures)
{
    size_t room = figures->room ? 2 * figures->room : 256;
    struct log_field **fields = realloc(figures->fields, room / 2 * sizeof(struct log_field *));
    uint32_t *places = calloc(room, sizeof *places);

    if (fields)
        figures->fields = fields;
    if (!fields || !places) {
        free(places);
        return false;
    }
    for (size_t i = 0; i < figures->field_count; i++) {
        size_t at = XXH3_64bits_withSeed(fields[i]->name, fields[i]->name_size, figures->seed) & (room - 1);
        while (places[at])
            at = (at + 1) & (room - 1);
        places[at] = (uint32_t)i + 1;
    }
    free(figures->places);
    figures->places = places;
    figures->room = room;
    return true;
}

/* Where the field of that name is, or would be. There is a free place. */
static size_t place_of(const struct log_figures *figures, const char *name, uint32_t size)
{
    size_t at = XXH3_64bits_withSeed(name, size, figures->seed) & (figures->room - 1);

    while (figures->places[at]) {
        const struct log_field *field = figures->fields[figures->places[at] - 1];
        if (field->name_size == size && memcmp(field->name, name, size) == 0)
            break;
        at = (at + 1) & (figures->room - 1);
    }
    return at;
}

/* The field of that name, made when it is new. NULL: out of memory, or there are as many as a summary tells
 * of. */
static struct log_field *field_of(struct log_figures *figures, const char *name, uint32_t size)
{
    if (2 * (figures->field_count + 1) > figures->room && !grow(figures)) {
        figures->failed = true;
        return NULL;
    }
    size_t at = place_of(figures, name, size);
    if (figures->places[at])
        return figures->fields[figures->places[at] - 1];
    if (figures->field_count == LIMIT_LOG_FIELDS)
        return NULL;
    struct log_field *field = arena_alloc(figures->arena, sizeof *field);
    if (field) {
        field->name = arena_copy(figures->arena, name, size);
        field->name_size = size;
    }
    if (!field || !field->name) {
        figures->failed = true;
        return NULL;
    }
    figures->fields[figures->field_count++] = field;
    figures->places[at] = (uint32_t)figures->field_count;
    return field;
}

static void add_number(struct log_field *field, const struct number *number)
{
    if (field->sum.count == 0)
        field->last = field->min = field->max = *number;
    field->first = *number;
    if (number_compare(number, &field->min) < 0)
        field->min = *number;
    if (number_compare(number, &field->max) > 0)
        field->max = *number;
    number_sum_add(&field->sum, number);
}

/* Newest first: what comes first here is the last one by date. Numbers past the limit, which entries of old
 * may hold, are in no figure. */
static enum rc sum_entry(void *arg, const struct store_log *log, struct fault *fault)
{
    struct log_figures *figures = arg;
    const uint8_t *at = log->members, *end = at + log->members_size;
    struct member member, date = {0};
    struct number number;

    while (log->members_size && member_next(&at, end, &member)) {
        if (member.name_size == figures->date_name.size &&
            memcmp(member.name, figures->date_name.bytes, member.name_size) == 0)
            date = member;
        if (number_read(member.value, member.value_size, &number) != NUMBER_GOOD)
            continue;
        struct log_field *field = field_of(figures, member.name, member.name_size);
        if (field)
            add_number(field, &number);
    }
    if (figures->logs++ == 0) {
        buf_add(&figures->last_date, date.value, date.value_size);
        figures->last_ms = log->date_ms;
    }
    buf_clear(&figures->first_date);
    buf_add(&figures->first_date, date.value, date.value_size);
    figures->first_ms = log->date_ms;
    return figures->failed ? fault_no_memory(fault) : RC_OK;
}

enum rc log_figures_of(const struct history *history, uint32_t learner, struct log_figures *figures,
                       struct fault *fault)
{
    return learner ? log_history_each(history, learner, NULL, sum_entry, figures, fault) : RC_OK;
}

const struct log_field *log_figures_field(const struct log_figures *figures, const char *name, uint32_t size)
{
    uint32_t place = figures->room ? figures->places[place_of(figures, name, size)] : 0;
    return place ? figures->fields[place - 1] : NULL;
}
