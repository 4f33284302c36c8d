#include "app/history.h"

#include <stdlib.h>
#include <string.h>

#include "app/replay.h"
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

/* First the tail, then the index: an event that moves from one to the other in between is seen twice, never missed. */
enum rc history_sequences(const struct past *past, uint32_t learner, struct sequences *out, struct fault *fault)
{
    if (!tail_each(past->tail, learner, take_sequence, out))
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    enum rc rc = store_each_indexed(past->store, learner, take_sequence, out, fault);
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

enum rc history_events(const struct past *past, uint32_t learner,
                       bool (*visit)(void *arg, const struct event *event), void *arg, struct fault *fault)
{
    struct walking walking = {visit, arg, malloc(EVENT_SEGMENTS_MAX * sizeof *walking.room)};
    struct sequences sequences = {0};
    enum rc rc = walking.room ? history_sequences(past, learner, &sequences, fault)
                              : fault_set(fault, RC_BUSY, NULL, "out of memory");

    if (rc == RC_OK)
        rc = store_each_event_of(past->store, sequences.at, sequences.count, walk, &walking, fault);
    sequences_done(&sequences);
    free(walking.room);
    return rc;
}

enum rc history_bound(const struct past *past, uint32_t learner, const char *text, const char *field,
                      struct bound *out, struct fault *fault)
{
    size_t size = strlen(text);
    int64_t number;

    *out = (struct bound){.sequence = UINT64_MAX};
    if (!ident_integer(text, size, &number)) {
        out->by_instant = true;
        if (instant_parse(text, size, &out->at_ms) != INSTANT_NONE)
            return RC_OK;
        return fault_set(fault, RC_INVALID, field, "must be an event id, an ISO 8601 instant or a date");
    }
    struct sequences own = {0};
    uint64_t wanted = number > 0 ? (uint64_t)number : 0;
    enum rc rc = learner ? history_sequences(past, learner, &own, fault) : RC_OK;
    bool known = rc == RC_OK && own.count && bsearch(&wanted, own.at, own.count, sizeof *own.at, by_number);
    sequences_done(&own);
    out->sequence = wanted;
    return rc == RC_OK && !known ? fault_set(fault, RC_INVALID, field, "there is no such event of this user") : rc;
}

/* ---- a learner as they were ---- */

struct past_replay {
    struct replay replay;
    const struct bound *bound;
    enum rc rc;
};

static bool take_event(void *arg, const struct stored_event *stored)
{
    struct past_replay *past = arg;

    if (bound_holds(past->bound, stored->sequence, stored->at_ms))
        past->rc = replay_event(&past->replay, stored);
    return past->rc == RC_OK;
}

static enum rc fold_past(const struct past *past, const struct sequences *sequences, const struct bound *bound,
                         struct image *image, struct fault *fault)
{
    struct past_replay taking = {.bound = bound};
    struct fold fold;

    if (fold_init(&fold, image) != RC_OK)
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    enum rc rc = replay_init(&taking.replay, &fold) == RC_OK
                     ? store_each_event_of(past->store, sequences->at, sequences->count, take_event, &taking, fault)
                     : fault_set(fault, RC_BUSY, NULL, "out of memory");
    if (rc == RC_OK)
        replay_publish(&taking.replay);
    else
        fold_abandon(&fold);
    if (taking.rc == RC_INTERNAL)
        rc = fault_set(fault, RC_INTERNAL, NULL, "an event cannot be read");
    replay_done(&taking.replay);
    fold_done(&fold);
    return rc;
}

enum rc history_image(const struct past *past, uint32_t learner, const struct bound *bound,
                      struct image **out_image, struct fault *fault)
{
    struct sequences sequences = {0};
    struct image *image = NULL;
    enum rc rc = history_sequences(past, 0, &sequences, fault);

    if (rc == RC_OK)
        rc = history_sequences(past, learner, &sequences, fault);
    if (rc == RC_OK && image_twin(past->image, learner, &image) != RC_OK)
        rc = fault_set(fault, RC_BUSY, NULL, "out of memory");
    if (rc == RC_OK)
        rc = fold_past(past, &sequences, bound, image, fault);
    sequences_done(&sequences);
    if (rc != RC_OK)
        image_free(image);
    else
        *out_image = image;
    return rc;
}

/* ---- log entries ---- */

enum rc log_events_add(struct log_events *events, size_t *room, const struct stored_event *stored,
                       struct arena *arena)
{
    struct event event;

    if (!event_is_log((enum event_kind)stored->kind))
        return RC_OK;
    if (!stored_event_decode(stored, NULL, 0, &event))
        return RC_INTERNAL;
    if (events->count == *room) {
        size_t more = *room ? *room * 2 : 32;
        struct log_event *at = arena_alloc(arena, more * sizeof *at);
        if (!at)
            return RC_BUSY;
        if (events->count)
            memcpy(at, events->at, events->count * sizeof *at);
        events->at = at;
        *room = more;
    }
    struct log_event log = log_event_of(&event);
    if (log.members_size)
        log.members = (const uint8_t *)arena_copy(arena, log.members, log.members_size);
    if (log.actor_size)
        log.actor = arena_copy(arena, log.actor, log.actor_size);
    if ((log.members_size && !log.members) || (log.actor_size && !log.actor))
        return RC_BUSY;
    events->at[events->count++] = log;
    events->added += log.kind == EV_LOGGED;
    return RC_OK;
}

struct collecting {
    struct log_events *events;
    struct arena *arena;
    size_t room;
    enum rc rc;
};

static bool collect(void *arg, const struct stored_event *stored)
{
    struct collecting *collecting = arg;

    collecting->rc = log_events_add(collecting->events, &collecting->room, stored, collecting->arena);
    return collecting->rc == RC_OK;
}

enum rc history_log_events(const struct past *past, uint32_t learner, struct arena *arena, struct log_events *out,
                           struct fault *fault)
{
    struct sequences sequences = {0};
    struct collecting collecting = {out, arena, 0, RC_OK};

    *out = (struct log_events){0};
    enum rc rc = history_sequences(past, learner, &sequences, fault);
    if (rc == RC_OK)
        rc = store_each_event_of(past->store, sequences.at, sequences.count, collect, &collecting, fault);
    if (collecting.rc == RC_INTERNAL)
        rc = fault_set(fault, RC_INTERNAL, NULL, "an event cannot be read");
    sequences_done(&sequences);
    return rc;
}

enum rc history_logs(const struct log_events *events, const struct bound *bound, struct arena *arena,
                     struct log_state **out, size_t *out_count, struct fault *fault)
{
    *out = arena_alloc(arena, (events->added + 1) * sizeof **out);
    if (!*out)
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    *out_count = logs_fold(events->at, events->count, bound, *out);
    return RC_OK;
}

static bool same_entry(const struct log_state *a, const struct log_state *b)
{
    return a->date_ms == b->date_ms && a->updated_ms == b->updated_ms && a->members_size == b->members_size &&
           (a->members_size == 0 || memcmp(a->members, b->members, a->members_size) == 0);
}

enum rc history_of_log(const struct log_events *events, uint64_t log_id, struct arena *arena,
                       void (*visit)(void *arg, const struct log_event *event, enum log_change change,
                                     const struct log_state *after),
                       void *arg, struct fault *fault)
{
    struct log_state *room = arena_alloc(arena, (events->added + 1) * sizeof *room), now = {0};
    bool there = false;

    if (!room)
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    for (size_t i = 0; i < events->count; i++) {
        const struct log_event *event = &events->at[i];
        bool own = event->log_id == log_id;
        if (event->kind == EV_LOGS_ROLLED_BACK) {
            size_t count = logs_fold(events->at, i, &event->to, room);
            const struct log_state *after = logs_find(room, count, log_id);
            if (after && (!there || !same_entry(after, &now)))
                visit(arg, event, LOG_ROLLED_BACK, after);
            else if (!after && there)
                visit(arg, event, LOG_REMOVED_BY_ROLLBACK, NULL);
            there = after != NULL;
            if (after)
                now = *after;
        } else if (event->kind == EV_LOGS_CLEARED || (own && event->kind == EV_LOG_DELETED)) {
            if (there)
                visit(arg, event, LOG_DELETED, NULL);
            there = false;
        } else if (own) {
            int64_t created_ms = event->kind == EV_LOGGED ? event->at_ms : now.created_ms;
            now = (struct log_state){log_id, event->date_ms, created_ms, event->at_ms, event->members_size,
                                     event->members};
            there = true;
            visit(arg, event, event->kind == EV_LOGGED ? LOG_CREATED : LOG_UPDATED, &now);
        }
    }
    return RC_OK;
}

/* ---- where a person is named ---- */

struct looking {
    const char *id;
    size_t size;
    struct sequences *out;
    struct segment *room;
};

static bool lists_staff(const struct looking *looking, const struct event *event)
{
    struct declaration declared;
    struct arena scratch;
    bool found = false;

    arena_init(&scratch);
    if (declaration_decode(event->body, event->body_size, &scratch, &declared))
        for (uint32_t i = 0; i < declared.staff_count; i++)
            found |= declared.staff[i].user.size == looking->size &&
                     memcmp(declared.staff[i].user.bytes, looking->id, looking->size) == 0;
    arena_done(&scratch);
    return found;
}

static bool look(void *arg, const struct stored_event *stored)
{
    struct looking *looking = arg;
    struct event event;

    /* Almost none: a quick look at the bytes first. */
    if (!memmem(stored->body, stored->body_size, looking->id, looking->size))
        return true;
    if (!stored_event_decode(stored, looking->room, EVENT_SEGMENTS_MAX, &event))
        return true; /* verify names it */
    bool named = event.actor_size == looking->size && memcmp(event.actor, looking->id, looking->size) == 0;
    if (event.kind == EV_COURSE_DECLARED)
        named |= lists_staff(looking, &event);
    return !named || sequences_add(looking->out, stored->sequence);
}

enum rc history_mentions(struct store *store, const char *id, size_t size, uint64_t after, uint64_t upto,
                         struct sequences *out, struct fault *fault)
{
    struct looking looking = {id, size, out, malloc(EVENT_SEGMENTS_MAX * sizeof(struct segment))};

    if (!looking.room)
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    enum rc rc = store_scan_events(store, after, upto, look, &looking, fault);
    free(looking.room);
    return rc;
}
