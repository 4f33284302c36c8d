#include "face/logs/logs_encode.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/instant.h"
#include "core/members.h"
#include "face/show.h"

void logs_put_entry(struct json_out *out, const struct store_log *log, const char *user)
{
    struct member date;

    json_open(out, '{');
    json_put_int(out, "log_id", (int64_t)log->log_id);
    json_put_text(out, "user_id", user);
    if (!members_find(log->members, log->members_size, "date", &date))
        json_put_instant(out, "date", log->date_ms);
    json_put_members(out, log->members, log->members_size, NULL);
    json_put_instant(out, "created_at", log->created_ms);
    json_put_instant(out, "updated_at", log->updated_ms);
    json_close(out, '}');
}

/* An entry's "date" as text; NULL: it has none. json holds it where it was written with escapes. */
static const char *date_text(const struct store_log *log, json_t **json, size_t *out_size)
{
    struct member date;

    if (!members_find(log->members, log->members_size, "date", &date) || date.value_size < 2)
        return NULL;
    if (!memchr(date.value, '\\', date.value_size)) {
        *out_size = date.value_size - 2; /* without the quotes */
        return date.value + 1;
    }
    *json = json_loadb(date.value, date.value_size, JSON_DECODE_ANY, NULL);
    *out_size = json_string_length(*json);
    return json_string_value(*json);
}

int32_t logs_day_of(const struct store_log *log, const struct zone *zone)
{
    json_t *json = NULL;
    size_t size = 0;
    const char *text = date_text(log, &json, &size);
    bool utc = !text || text[size - 1] == 'Z' || text[size - 1] == 'z';
    int64_t written_ms;
    int32_t day = !utc && instant_parse(text, size < 10 ? size : 10, &written_ms) == INSTANT_DATE
                      ? instant_day(written_ms)
                      : instant_day(zone_local_ms(zone, log->date_ms));

    json_decref(json);
    return day;
}

struct putting {
    struct json_out *out;
    const char *user;
    const struct logs_range *range; /* NULL: all */
    const struct zone *zone;
    struct logs_page *page;
    int64_t written;
};

static bool in_range(const struct putting *putting, const struct store_log *log)
{
    const struct logs_range *range = putting->range;

    if (!range || (!range->from_is_day && !range->to_is_day))
        return true; /* the instants have been looked at */
    int32_t day = logs_day_of(log, putting->zone);
    return (!range->from_is_day || day >= range->from_day) && (!range->to_is_day || day <= range->to_day);
}

static enum rc put_one(void *arg, const struct store_log *log, struct fault *fault)
{
    struct putting *putting = arg;
    struct logs_page *page = putting->page;

    if (page->paged &&
        (log->date_ms > page->last_ms || (log->date_ms == page->last_ms && log->log_id >= page->last_id)))
        return RC_OK; /* shown on an earlier page */
    if (!in_range(putting, log))
        return RC_OK;
    if (page->limit && putting->written == page->limit) {
        page->more = true;
        return RC_ENOUGH;
    }
    logs_put_entry(putting->out, log, putting->user);
    putting->written++;
    page->paged = false; /* everything from here on is after the cursor */
    page->last_ms = log->date_ms;
    page->last_id = log->log_id;
    return putting->out->buf->failed ? fault_no_memory(fault) : RC_OK;
}

enum rc logs_put_all(struct face_context *context, uint32_t learner, const struct logs_range *range,
                     const char *user, struct logs_page *page, struct json_out *out, struct fault *fault)
{
    struct putting putting = {out, user, range, context->zone, page, 0};
    struct log_filter filter = range ? range->instants : (struct log_filter){0};

    filter.has_before = page->paged; /* what was shown on an earlier page is not even read */
    filter.before_ms = page->last_ms;
    filter.before_id = page->last_id;
    return log_history_each(service_history(context->service), learner, &filter, put_one, &putting, fault);
}

static int newest_entry_first(const void *a, const void *b)
{
    const struct log_state *left = a, *right = b;

    if (left->date_ms != right->date_ms)
        return left->date_ms > right->date_ms ? -1 : 1;
    return left->log_id > right->log_id ? -1 : left->log_id < right->log_id;
}

void logs_put_past(struct face_context *context, struct log_state *entries, size_t count,
                   const struct logs_range *range, const char *user, struct logs_page *page,
                   struct json_out *out)
{
    const struct log_filter *instants = &range->instants;
    struct putting putting = {out, user, range, context->zone, page, 0};
    struct fault fault;

    if (count)
        qsort(entries, count, sizeof *entries, newest_entry_first);
    for (size_t i = 0; i < count; i++) {
        struct store_log log = logs_entry_of(&entries[i]);
        if ((instants->has_from && log.date_ms < instants->from_ms) ||
            (instants->has_to && log.date_ms > instants->to_ms))
            continue;
        if (put_one(&putting, &log, &fault) != RC_OK)
            break; /* the page is full, or the answer cannot grow: who sends it sees that */
    }
}

struct store_log logs_entry_of(const struct log_state *state)
{
    return (struct store_log){
        .log_id = state->log_id,
        .date_ms = state->date_ms,
        .created_ms = state->created_ms,
        .updated_ms = state->updated_ms,
        .members = state->members,
        .members_size = state->members_size,
    };
}
