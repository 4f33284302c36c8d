#include "face/logs/logs_summary.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <xxhash.h>

#include "app/log_history.h"
#include "base/number.h"
#include "core/limits.h"
#include "core/members.h"
#include "http/json_out.h"

struct field {
    const char *name;
    uint32_t name_size;
    struct number min, max, first, last;
    struct number_sum sum;
};

struct summing {
    struct arena *arena;
    uint64_t seed;         /* so that clients cannot choose names that collide */
    struct field **fields; /* by first sight */
    uint32_t *places;      /* open addressing: 1 + the index of a field; a power of two */
    size_t field_count, room;
    int64_t logs;
    struct buf first_date, last_date; /* JSON text; empty: none was given */
    int64_t first_ms, last_ms;
    bool failed;
};

static void summing_done(struct summing *summing)
{
    free(summing->fields);
    free(summing->places);
    buf_done(&summing->first_date);
    buf_done(&summing->last_date);
}

static bool grow(struct summing *summing)
{
    size_t room = summing->room ? 2 * summing->room : 256;
    struct field **fields = realloc(summing->fields, room / 2 * sizeof(struct field *));
    uint32_t *places = calloc(room, sizeof *places);

    if (fields)
        summing->fields = fields;
    if (!fields || !places) {
        free(places);
        return false;
    }
    for (size_t i = 0; i < summing->field_count; i++) {
        size_t at = XXH3_64bits_withSeed(fields[i]->name, fields[i]->name_size, summing->seed) & (room - 1);
        while (places[at])
            at = (at + 1) & (room - 1);
        places[at] = (uint32_t)i + 1;
    }
    free(summing->places);
    summing->places = places;
    summing->room = room;
    return true;
}

/* The field of that name, made when it is new. NULL: out of memory, or there are as many as a summary tells
 * of. */
static struct field *field_of(struct summing *summing, const char *name, uint32_t size, bool make)
{
    if (2 * (summing->field_count + 1) > summing->room && !grow(summing)) {
        summing->failed = true;
        return NULL;
    }
    size_t at = XXH3_64bits_withSeed(name, size, summing->seed) & (summing->room - 1);
    for (; summing->places[at]; at = (at + 1) & (summing->room - 1)) {
        struct field *field = summing->fields[summing->places[at] - 1];
        if (field->name_size == size && memcmp(field->name, name, size) == 0)
            return field;
    }
    if (!make || summing->field_count == LIMIT_LOG_FIELDS)
        return NULL;
    struct field *field = arena_alloc(summing->arena, sizeof *field);
    if (field) {
        field->name = arena_copy(summing->arena, name, size);
        field->name_size = size;
    }
    if (!field || !field->name) {
        summing->failed = true;
        return NULL;
    }
    summing->fields[summing->field_count++] = field;
    summing->places[at] = (uint32_t)summing->field_count;
    return field;
}

static void add_number(struct field *field, const struct number *number)
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
    struct summing *summing = arg;
    const uint8_t *at = log->members, *end = at + log->members_size;
    struct member member, date = {0};
    struct number number;

    while (log->members_size && member_next(&at, end, &member)) {
        if (member.name_size == 4 && memcmp(member.name, "date", 4) == 0)
            date = member;
        if (number_read(member.value, member.value_size, &number) != NUMBER_GOOD)
            continue;
        struct field *field = field_of(summing, member.name, member.name_size, true);
        if (field)
            add_number(field, &number);
    }
    if (summing->logs++ == 0) {
        buf_add(&summing->last_date, date.value, date.value_size);
        summing->last_ms = log->date_ms;
    }
    buf_clear(&summing->first_date);
    buf_add(&summing->first_date, date.value, date.value_size);
    summing->first_ms = log->date_ms;
    return summing->failed ? fault_no_memory(fault) : RC_OK;
}

static void put_number(struct json_out *out, const char *name, const struct number *number)
{
    json_name(out, name);
    number_put(out->buf, number);
    out->comma = true;
}

static void put_average(struct json_out *out, const char *name, const struct field *field)
{
    json_name(out, name);
    number_average_put(out->buf, &field->sum);
    out->comma = true;
}

static void put_date(struct json_out *out, const char *name, const struct summing *summing,
                     const struct buf *date, int64_t ms)
{
    json_name(out, name);
    if (summing->logs == 0)
        json_null_value(out);
    else if (date->size)
        json_raw(out, date->bytes, date->size);
    else
        json_instant(out, ms);
}

static void put_averages(struct json_out *out, struct summing *summing)
{
    const struct field *weight = field_of(summing, "weight_kg", 9, false);
    struct buf name = {0};

    if (!weight)
        weight = field_of(summing, "weight", 6, false);
    if (weight)
        put_average(out, "average_weight", weight);
    else
        json_put_null(out, "average_weight");
    for (size_t i = 0; i < summing->field_count; i++) {
        const struct field *field = summing->fields[i];
        if (strcmp(field->name, "weight") == 0)
            continue; /* average_weight is there already */
        buf_clear(&name);
        buf_text(&name, "average_");
        buf_add(&name, field->name, field->name_size + 1u); /* with its NUL */
        if (!name.failed)
            put_average(out, name.bytes, field);
        out->buf->failed |= name.failed;
    }
    buf_done(&name);
}

static void put_summary(struct json_out *out, struct summing *summing, const char *user)
{
    json_open(out, '{');
    json_put_text(out, "user_id", user);
    json_put_int(out, "total_logs", summing->logs);
    put_date(out, "first_date", summing, &summing->first_date, summing->first_ms);
    put_date(out, "last_date", summing, &summing->last_date, summing->last_ms);
    put_averages(out, summing);
    json_put_open(out, "fields", '{');
    for (size_t i = 0; i < summing->field_count; i++) {
        const struct field *field = summing->fields[i];
        json_put_open(out, field->name, '{');
        json_put_int(out, "count", (int64_t)field->sum.count);
        put_average(out, "average", field);
        put_number(out, "min", &field->min);
        put_number(out, "max", &field->max);
        json_name(out, "sum");
        number_sum_put(out->buf, &field->sum);
        out->comma = true;
        put_number(out, "first", &field->first);
        put_number(out, "last", &field->last);
        json_close(out, '}');
    }
    json_close(out, '}');
    json_close(out, '}');
}

struct summary_read {
    struct slow slow;
    uint32_t learner;
};

static enum rc summary_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    (void)fault;
    ((struct summary_read *)slow)->learner = found->learner;
    return RC_OK;
}

/* In one go: what is summed up comes from the disk, entry by entry. */
static enum rc summary_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct face_context *context = face_of(slow->request);
    struct summing summing = {.arena = &slow->request->arena};
    uint32_t learner = ((struct summary_read *)slow)->learner;
    enum rc rc = RC_OK;

    *out_last = true;
    if (getrandom(&summing.seed, sizeof summing.seed, 0) < 0)
        summing.seed = (uint64_t)context->now_ms(); /* names are told apart all the same */
    if (learner)
        rc = log_history_each(service_history(context->service), learner, NULL, sum_entry, &summing, fault);
    if (rc == RC_OK)
        put_summary(&slow->out, &summing, face_call(slow->request)->user.bytes);
    summing_done(&summing);
    return rc;
}

const struct slow_handler logs_summary = {sizeof(struct summary_read), .open = summary_open,
                                          .step = summary_step};
