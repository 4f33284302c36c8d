#include "app/history.h"

#include <stdlib.h>
#include <string.h>

#include "model/fold.h"
#include "base/ident.h"
#include "base/instant.h"

/* ---- which events ---- */

void sequences_done(struct sequences *sequences)
{
    free(sequences->at);
    *sequences = (struct sequences){0};
}

bool sequences_add(struct sequences *sequences, uint64_t sequence)
{
    if (sequences->count == sequences->room) {
        size_t room = sequences->room ? sequences->room * 2 : 64;
        uint64_t *at = realloc(sequences->at, room * sizeof *at);
        if (!at)
            return false;
        sequences->at = at;
        sequences->room = room;
    }
    sequences->at[sequences->count++] = sequence;
    return true;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

void sequences_settle(struct sequences *sequences)
{
    size_t kept = 0;

    if (sequences->count)
        qsort(sequences->at, sequences->count, sizeof *sequences->at, by_number);
    for (size_t i = 0; i < sequences->count; i++)
        if (kept == 0 || sequences->at[kept - 1] != sequences->at[i])
            sequences->at[kept++] = sequences->at[i];
    sequences->count = kept;
}

static bool take_sequence(void *arg, uint64_t sequence)
{
    return sequences_add(arg, sequence);
}

/* First the tail, then the index: an event that moves from one to the other in between is seen twice, never
 * missed. */
enum rc history_sequences(const struct history *history, uint32_t learner, struct sequences *out,
                          struct fault *fault)
{
    if (!tail_each(history->tail, learner, take_sequence, out))
        return fault_no_memory(fault);
    enum rc rc = store_each_indexed(history->store, learner, take_sequence, out, fault);
    sequences_settle(out);
    return rc;
}

struct walking {
    bool (*visit)(void *arg, const struct event *event);
    void *arg;
    struct segment *room;
};

static bool walk(void *arg, const struct stored_event *stored)
{
    struct walking *walking = arg;
    struct event event;

    return stored_event_decode(stored, walking->room, EVENT_SEGMENTS_MAX, &event) &&
           walking->visit(walking->arg, &event);
}

enum rc history_events(const struct history *history, uint32_t learner,
                       bool (*visit)(void *arg, const struct event *event), void *arg, struct fault *fault)
{
    struct sequences sequences = {0};
    enum rc rc = history_sequences(history, learner, &sequences, fault);

    if (rc == RC_OK)
        rc = history_page(history, sequences.at, sequences.count, visit, arg, fault);
    sequences_done(&sequences);
    return rc;
}

enum rc history_page(const struct history *history, const uint64_t *sequences, size_t count,
                     bool (*visit)(void *arg, const struct event *event), void *arg, struct fault *fault)
{
    struct walking walking = {visit, arg, malloc(EVENT_SEGMENTS_MAX * sizeof *walking.room)};
    enum rc rc = walking.room ? store_each_event_of(history->store, sequences, count, walk, &walking, fault)
                              : fault_no_memory(fault);

    free(walking.room);
    return rc;
}

enum rc history_readable(const char *text, const char *field, struct fault *fault)
{
    size_t size = strlen(text);
    int64_t number;

    if (ident_integer(text, size, &number) || instant_parse(text, size, &number) != INSTANT_NONE)
        return RC_OK;
    return fault_set(fault, RC_INVALID, field, "must be an event id, an ISO 8601 instant or a date");
}

enum rc history_bound(const struct history *history, uint32_t learner, const char *text, const char *field,
                      struct bound *out, struct fault *fault)
{
    size_t size = strlen(text);
    int64_t number;

    *out = (struct bound){.sequence = UINT64_MAX};
    if (!ident_integer(text, size, &number)) {
        out->by_instant = true;
        if (instant_parse(text, size, &out->at_ms) != INSTANT_NONE)
            return RC_OK;
        return history_readable(text, field, fault);
    }
    struct sequences own = {0};
    uint64_t wanted = number > 0 ? (uint64_t)number : 0;
    enum rc rc = learner ? history_sequences(history, learner, &own, fault) : RC_OK;
    bool known = rc == RC_OK && own.count && bsearch(&wanted, own.at, own.count, sizeof *own.at, by_number);
    sequences_done(&own);
    out->sequence = wanted;
    return rc == RC_OK && !known ? fault_set(fault, RC_INVALID, field, "there is no such event of this user")
                                 : rc;
}

/* ---- log entries ---- */

void log_entries_done(struct log_entries *entries)
{
    free(entries->at);
    arena_done(&entries->arena);
    *entries = (struct log_entries){0};
}

struct folding {
    struct log_fold fold;
    struct arena *arena;
    enum rc rc;
};

static bool more_room(struct log_fold *fold)
{
    struct log_slot *old = fold->slots;
    size_t room = fold->room ? 2 * fold->room : 64;
    struct log_slot *slots = calloc(room, sizeof *slots);

    if (!slots)
        return false;
    log_fold_move(fold, slots, room);
    free(old);
    return true;
}

static enum rc fold_log(struct folding *folding, const struct stored_event *stored)
{
    struct log_fold *fold = &folding->fold;
    struct event event;

    if (!event_is_log((enum event_kind)stored->kind) ||
        !bound_holds(&fold->bound, stored->sequence, stored->at_ms))
        return RC_OK;
    if (log_fold_full(fold) && !more_room(fold))
        return RC_BUSY;
    if (!stored_event_decode(stored, NULL, 0, &event))
        return RC_INTERNAL;
    struct log_event log = log_event_of(&event);
    struct log_state *state = log_fold_back(fold, &log);
    if (state && state->members_size) {
        state->members = (const uint8_t *)arena_copy(folding->arena, log.members, log.members_size);
        if (!state->members)
            return RC_BUSY;
    }
    return RC_OK;
}

static bool fold_one(void *arg, const struct stored_event *stored)
{
    struct folding *folding = arg;

    folding->rc = fold_log(folding, stored);
    return folding->rc == RC_OK;
}

/* How many of the sequences are not past the bound. */
static size_t upto(const uint64_t *sequences, size_t count, uint64_t bound)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (sequences[middle] <= bound)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

static enum rc fold_back(struct store *store, const uint64_t *sequences, size_t count,
                         struct folding *folding, struct fault *fault)
{
    enum { PAGE = 256 };
    uint64_t page[PAGE];
    enum rc rc = RC_OK;

    for (size_t left = upto(sequences, count, folding->fold.bound.sequence);
         rc == RC_OK && left && !folding->fold.over;
         left = upto(sequences, left, folding->fold.bound.sequence)) {
        size_t taken = 0;
        while (taken < PAGE && left)
            page[taken++] = sequences[--left];
        rc = store_each_event_of(store, page, taken, fold_one, folding, fault);
    }
    if (folding->rc == RC_INTERNAL)
        return fault_set(fault, RC_INTERNAL, NULL, "a log event cannot be read");
    return folding->rc == RC_BUSY ? fault_no_memory(fault) : rc;
}

enum rc history_fold_logs(struct store *store, const uint64_t *sequences, size_t count,
                          const struct bound *bound, struct log_entries *out, struct fault *fault)
{
    struct folding folding = {.fold = {.bound = *bound}, .arena = &out->arena};

    *out = (struct log_entries){0};
    arena_init(&out->arena);
    enum rc rc = fold_back(store, sequences, count, &folding, fault);
    out->at = rc == RC_OK ? calloc(folding.fold.entries + 1, sizeof *out->at) : NULL;
    if (rc == RC_OK && !out->at)
        rc = fault_no_memory(fault);
    if (rc == RC_OK) {
        out->count = folding.fold.entries;
        log_fold_end(&folding.fold, out->at);
    } else {
        log_entries_done(out);
    }
    free(folding.fold.slots);
    return rc;
}

enum rc history_logs(const struct history *history, uint32_t learner, const struct bound *bound,
                     struct log_entries *out, struct fault *fault)
{
    struct sequences sequences = {0};

    *out = (struct log_entries){0};
    enum rc rc = history_sequences(history, learner, &sequences, fault);
    if (rc == RC_OK)
        rc = history_fold_logs(history->store, sequences.at, sequences.count, bound, out, fault);
    sequences_done(&sequences);
    return rc;
}

/* ---- the life of one entry ---- */

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
    bool (*visit)(void *arg, const struct log_event *event, enum log_change change,
                  const struct log_state *after);
    void *arg;
    bool ended; /* by the visitor */
    enum rc rc;
    struct fault *fault;
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
    size_t low = 0, high = life->count;

    if (bound->by_instant && !life->in_order)
        return state_among(life, *bound);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bound_holds(bound, life->moments[middle].sequence, life->moments[middle].at_ms))
            low = middle + 1;
        else
            high = middle;
    }
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

static bool tell(struct life *life, const struct log_event *event, enum log_change change,
                 const struct log_state *after)
{
    life->ended = !life->visit(life->arg, event, change, after);
    return true;
}

struct brought_back {
    struct life *life;
    const struct log_event *rollback;
    int64_t created_ms;
};

static bool tell_brought_back(void *arg, const struct stored_event *stored)
{
    struct brought_back *back = arg;
    struct event event;

    if (!stored_event_decode(stored, NULL, 0, &event))
        return false;
    struct log_event log = log_event_of(&event);
    struct log_state after = {log.log_id, log.date_ms,      back->created_ms,
                              log.at_ms,  log.members_size, log.members};
    return tell(back->life, back->rollback, LOG_ROLLED_BACK, &after);
}

/* Its own members are read once more: no page of events is held meanwhile. */
static enum rc tell_rollback(struct life *life, const struct log_event *event, const struct moment *before,
                             const struct moment *after)
{
    struct brought_back back = {life, event, after->created_ms};

    if (before->written == after->written)
        return RC_OK;
    if (after->written)
        return store_each_event_of(life->history->store, &after->written, 1, tell_brought_back, &back,
                                   life->fault);
    (void)tell(life, event, LOG_REMOVED_BY_ROLLBACK, NULL); /* cannot fail */
    return RC_OK;
}

/* The entry after one more of its events, told. */
static enum rc live_on(struct life *life, const struct log_event *event)
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
        return fault_no_memory(life->fault);
    if (event->kind == EV_LOGS_ROLLED_BACK)
        return tell_rollback(life, event, &before, &after);
    if (before.written || after.written)
        (void)tell(life, event,
                   event->kind == EV_LOGGED ? LOG_CREATED
                   : after.written          ? LOG_UPDATED
                                            : LOG_DELETED,
                   after.written ? &state : NULL); /* cannot fail */
    return RC_OK;
}

static bool live_one(void *arg, const struct stored_event *stored)
{
    struct life *life = arg;
    struct event event;

    if (!event_is_log((enum event_kind)stored->kind))
        return true;
    if (!stored_event_decode(stored, NULL, 0, &event)) {
        life->rc = fault_set(life->fault, RC_INTERNAL, NULL, "a log event cannot be read");
        return false;
    }
    struct log_event log = log_event_of(&event);
    bool of_all = log.kind == EV_LOGS_CLEARED || log.kind == EV_LOGS_ROLLED_BACK;
    if (of_all || log.log_id == life->log_id)
        life->rc = live_on(life, &log);
    return life->rc == RC_OK && !life->ended;
}

enum rc history_of_log(const struct history *history, uint32_t learner, uint64_t log_id,
                       bool (*visit)(void *arg, const struct log_event *event, enum log_change change,
                                     const struct log_state *after),
                       void *arg, struct fault *fault)
{
    struct life life = {
        .history = history, .log_id = log_id, .in_order = true, .visit = visit, .arg = arg, .fault = fault};
    struct sequences sequences = {0};
    struct fault unused = {NULL, NULL};
    enum rc rc = history_sequences(history, learner, &sequences, fault);

    if (rc == RC_OK) {
        rc = store_each_event_of(history->store, sequences.at, sequences.count, live_one, &life, &unused);
        if (life.ended || life.rc != RC_OK)
            rc = life.rc;
        else if (rc != RC_OK)
            *fault = unused;
    }
    sequences_done(&sequences);
    free(life.moments);
    return rc;
}
