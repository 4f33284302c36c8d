#include "app/log_life.h"

#include <stdlib.h>

#include "base/sorted.h"
#include "model/fold.h"

/* An event that may change the entry, and how the entry stands after it. */
struct moment {
    uint64_t sequence, written; /* written: the event that wrote its members last; 0: it is not there */
    int64_t at_ms, created_ms;
    struct bound to; /* EV_LOGS_ROLLED_BACK */
    uint8_t kind;
};

struct life {
    const struct history *history;
    uint64_t log_id;
    struct moment *moments;
    size_t count, room;
    bool in_order; /* instants never go back, so that a bound of either kind cuts off an end */
    enum rc (*visit)(void *arg, const struct log_event *event, enum log_change change,
                     const struct log_state *after, struct fault *fault);
    void *arg;
};

/* What the bound lets count, looked at one by one. */
static struct moment state_among(const struct life *life, struct bound bound)
{
    uint64_t updated = 0;

    for (size_t i = life->count; i > 0; i--) {
        const struct moment *moment = &life->moments[i - 1];
        if (!bound_holds(&bound, moment->sequence, moment->at_ms))
            continue;
        if (moment->kind == EV_LOGS_ROLLED_BACK)
            bound = moment->to;
        else if (moment->kind == EV_LOG_UPDATED)
            updated = updated ? updated : moment->sequence;
        else if (moment->kind == EV_LOGGED)
            return (struct moment){.written = updated ? updated : moment->sequence,
                                   .created_ms = moment->at_ms};
        else
            break; /* deleted or cleared */
    }
    return (struct moment){0};
}

/* How the entry stood at a bound: as after the last event that it lets count. */
static struct moment state_at(const struct life *life, const struct bound *bound)
{
    if (bound->by_instant && !life->in_order)
        return state_among(life, *bound);
    size_t low =
        sorted_place(i, life->count, bound_holds(bound, life->moments[i].sequence, life->moments[i].at_ms));
    return low ? life->moments[low - 1] : (struct moment){0};
}

static bool add_moment(struct life *life, const struct moment *moment)
{
    if (life->count == life->room) {
        size_t room = life->room ? 2 * life->room : 16;
        struct moment *moments = realloc(life->moments, room * sizeof *moments);
        if (!moments)
            return false;
        life->moments = moments;
        life->room = room;
    }
    life->in_order &= life->count == 0 || life->moments[life->count - 1].at_ms <= moment->at_ms;
    life->moments[life->count++] = *moment;
    return true;
}

struct brought_back {
    struct life *life;
    const struct log_event *rollback;
    int64_t created_ms;
    enum rc told; /* what the visitor said */
};

static enum rc tell_brought_back(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct brought_back *back = arg;
    struct event event;

    if (!stored_event_decode(stored, NULL, 0, &event))
        return history_unreadable(stored, fault);
    struct log_event log = log_event_of(&event);
    struct log_state after = {log.log_id, log.date_ms,      back->created_ms,
                              log.at_ms,  log.members_size, log.members};
    back->told = back->life->visit(back->life->arg, back->rollback, LOG_ROLLED_BACK, &after, fault);
    return back->told;
}

/* Its own members are read once more: no page of events is held meanwhile. */
static enum rc tell_rollback(struct life *life, const struct log_event *event, const struct moment *before,
                             const struct moment *after, struct fault *fault)
{
    struct brought_back back = {life, event, after->created_ms, RC_OK};

    if (before->written == after->written)
        return RC_OK;
    if (!after->written)
        return life->visit(life->arg, event, LOG_REMOVED_BY_ROLLBACK, NULL, fault);
    enum rc rc =
        store_each_event_of(life->history->store, &after->written, 1, tell_brought_back, &back, fault);
    return rc == RC_OK ? back.told : rc;
}

/* The entry after one more of its events, told. */
static enum rc live_on(struct life *life, const struct log_event *event, struct fault *fault)
{
    struct moment before = life->count ? life->moments[life->count - 1] : (struct moment){0};
    struct moment after = {event->sequence,   before.written, event->at_ms,
                           before.created_ms, event->to,      event->kind};
    struct log_state state = {event->log_id, event->date_ms,      before.created_ms,
                              event->at_ms,  event->members_size, event->members};

    if (event->kind == EV_LOGS_ROLLED_BACK) {
        struct moment then = state_at(life, &event->to);
        after.written = then.written;
        after.created_ms = then.created_ms;
    } else if (event->kind == EV_LOGGED) {
        after.written = event->sequence;
        after.created_ms = state.created_ms = event->at_ms;
    } else if (event->kind == EV_LOG_UPDATED) {
        after.written = before.written ? event->sequence : 0;
    } else {
        after.written = 0;
    }
    if (!add_moment(life, &after))
        return fault_no_memory(fault);
    if (event->kind == EV_LOGS_ROLLED_BACK)
        return tell_rollback(life, event, &before, &after, fault);
    if (!before.written && !after.written)
        return RC_OK;
    return life->visit(life->arg, event,
                       event->kind == EV_LOGGED ? LOG_CREATED
                       : after.written          ? LOG_UPDATED
                                                : LOG_DELETED,
                       after.written ? &state : NULL, fault);
}

static enum rc live_one(void *arg, const struct stored_event *stored, struct fault *fault)
{
    struct life *life = arg;
    struct event event;

    if (!event_is_log((enum event_kind)stored->kind))
        return RC_OK;
    if (!stored_event_decode(stored, NULL, 0, &event))
        return history_unreadable(stored, fault);
    struct log_event log = log_event_of(&event);
    bool of_all = log.kind == EV_LOGS_CLEARED || log.kind == EV_LOGS_ROLLED_BACK;
    return of_all || log.log_id == life->log_id ? live_on(life, &log, fault) : RC_OK;
}

enum rc history_of_log(const struct history *history, uint32_t learner, uint64_t log_id,
                       enum rc (*visit)(void *arg, const struct log_event *event, enum log_change change,
                                        const struct log_state *after, struct fault *fault),
                       void *arg, struct fault *fault)
{
    struct life life = {.history = history, .log_id = log_id, .in_order = true, .visit = visit, .arg = arg};
    struct sequences sequences = {0};
    enum rc rc = history_sequences(history, learner, &sequences, fault);

    if (rc == RC_OK)
        rc = store_each_event_of(history->store, sequences.at, sequences.count, live_one, &life, fault);
    sequences_done(&sequences);
    free(life.moments);
    return rc;
}
