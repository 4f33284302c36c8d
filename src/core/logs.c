#include "core/logs.h"

#include <string.h>

#include "base/codec.h"

bool event_is_log(enum event_kind kind)
{
    return kind >= EV_LOGGED && kind <= EV_LOGS_ROLLED_BACK;
}

void event_set_bound(struct event *event, const struct bound *bound, uint8_t *bytes)
{
    event->rolled_to = bound->sequence;
    if (bound->by_instant) {
        event->body = bytes;
        event->body_size = (uint32_t)(put_i64(bytes, bound->at_ms) - bytes);
    }
}

struct bound event_bound_of(const struct event *event)
{
    struct reader from = {event->body, event->body + event->body_size, false};
    struct bound bound = {.sequence = event->rolled_to, .by_instant = event->body_size > 0};

    if (bound.by_instant)
        bound.at_ms = get_i64(&from);
    return bound;
}

struct log_event log_event_of(const struct event *event)
{
    struct log_event log = {
        .sequence = event->sequence, .log_id = event->log_id, .kind = event->kind, .at_ms = event->at_ms,
        .date_ms = event->log_at_ms, .actor = event->actor, .actor_size = event->actor_size,
    };

    if (event->kind == EV_LOGS_ROLLED_BACK) {
        log.to = event_bound_of(event);
    } else {
        log.members = event->body;
        log.members_size = event->body_size;
    }
    return log;
}

/* Where an entry is, or would be: entries are in the order of their ids. */
static size_t place_of(const struct log_state *entries, size_t count, uint64_t log_id)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (entries[middle].log_id < log_id)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

const struct log_state *logs_find(const struct log_state *entries, size_t count, uint64_t log_id)
{
    size_t at = place_of(entries, count, log_id);
    return at < count && entries[at].log_id == log_id ? &entries[at] : NULL;
}

static size_t apply(const struct log_event *event, struct log_state *out, size_t count)
{
    size_t at = place_of(out, count, event->log_id);
    bool there = at < count && out[at].log_id == event->log_id;

    if (event->kind == EV_LOGS_CLEARED)
        return 0;
    if (event->kind == EV_LOGGED && !there) {
        memmove(out + at + 1, out + at, (count - at) * sizeof *out);
        out[at] = (struct log_state){event->log_id, event->date_ms, event->at_ms, event->at_ms, event->members_size,
                                     event->members};
        return count + 1;
    }
    if (event->kind == EV_LOG_UPDATED && there) {
        out[at].date_ms = event->date_ms;
        out[at].updated_ms = event->at_ms;
        out[at].members = event->members;
        out[at].members_size = event->members_size;
    }
    if (event->kind == EV_LOG_DELETED && there) {
        memmove(out + at, out + at + 1, (count - at - 1) * sizeof *out);
        return count - 1;
    }
    return count;
}

/* What came before a rollback counts only as its bound says, so the last rollback is looked for first: each event is
 * looked at once, however many rollbacks there are. */
size_t logs_fold(const struct log_event *events, size_t count, const struct bound *bound, struct log_state *out)
{
    size_t from = count, entries = 0;

    while (from > 0 && !(events[from - 1].kind == EV_LOGS_ROLLED_BACK &&
                         bound_holds(bound, events[from - 1].sequence, events[from - 1].at_ms)))
        from--;
    if (from > 0)
        entries = logs_fold(events, from - 1, &events[from - 1].to, out);
    for (; from < count; from++)
        if (bound_holds(bound, events[from].sequence, events[from].at_ms))
            entries = apply(&events[from], out, entries);
    return entries;
}
