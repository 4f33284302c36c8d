#include "core/log_entries.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/sorted.h"

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
        .sequence = event->sequence,
        .log_id = event->log_id,
        .kind = event->kind,
        .at_ms = event->at_ms,
        .date_ms = event->log_at_ms,
        .actor = event->actor,
        .actor_size = event->actor_size,
    };

    if (event->kind == EV_LOGS_ROLLED_BACK) {
        log.to = event_bound_of(event);
    } else {
        log.members = event->body;
        log.members_size = event->body_size;
    }
    return log;
}

const struct log_state *logs_find(const struct log_state *entries, size_t count, uint64_t log_id)
{
    size_t low = sorted_place(i, count, entries[i].log_id < log_id);
    return low < count && entries[low].log_id == log_id ? &entries[low] : NULL;
}

/* ---- the fold, newest event first ---- */

/* UPDATED: its last members are known, its creation is still to come; without one it was not there. */
enum stage { FREE, GONE, UPDATED, WHOLE };

bool log_fold_full(const struct log_fold *fold)
{
    return 2 * (fold->used + 1) > fold->room;
}

/* The entry's slot, or the free one where it goes. Ids are ours, in a row: no client chooses them. */
static struct log_slot *slot_of(struct log_slot *slots, size_t room, uint64_t log_id)
{
    size_t at = (size_t)(log_id * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (room - 1);

    while (slots[at].stage != FREE && slots[at].state.log_id != log_id)
        at = (at + 1) & (room - 1);
    return &slots[at];
}

void log_fold_move(struct log_fold *fold, struct log_slot *slots, size_t room)
{
    for (size_t i = 0; i < fold->room; i++)
        if (fold->slots[i].stage != FREE)
            *slot_of(slots, room, fold->slots[i].state.log_id) = fold->slots[i];
    fold->slots = slots;
    fold->room = room;
}

/* Takes a free slot. */
static struct log_state *take(struct log_fold *fold, struct log_slot *slot, const struct log_event *event,
                              enum stage stage)
{
    *slot = (struct log_slot){
        {event->log_id, event->date_ms, event->at_ms, event->at_ms, event->members_size, event->members},
        (uint8_t)stage};
    fold->used++;
    fold->entries += stage == WHOLE;
    return stage == GONE ? NULL : &slot->state;
}

static struct log_state *change(struct log_fold *fold, const struct log_event *event)
{
    struct log_slot *slot = slot_of(fold->slots, fold->room, event->log_id);

    if (slot->stage == FREE)
        return take(fold, slot, event,
                    event->kind == EV_LOGGED        ? WHOLE
                    : event->kind == EV_LOG_UPDATED ? UPDATED
                                                    : GONE);
    if (slot->stage == UPDATED && event->kind == EV_LOG_DELETED)
        slot->stage = GONE; /* what was changed afterwards was not there */
    if (slot->stage == UPDATED && event->kind == EV_LOGGED) {
        slot->state.created_ms = event->at_ms;
        slot->stage = WHOLE;
        fold->entries++;
    }
    return NULL;
}

struct log_state *log_fold_back(struct log_fold *fold, const struct log_event *event)
{
    if (fold->over || !bound_holds(&fold->bound, event->sequence, event->at_ms))
        return NULL;
    switch (event->kind) {
    case EV_LOGS_ROLLED_BACK:
        fold->bound = event->to;
        return NULL;
    case EV_LOGS_CLEARED:
        fold->over = true;
        return NULL;
    default:
        return change(fold, event);
    }
}

static int by_id(const void *a, const void *b)
{
    const struct log_state *left = a, *right = b;
    return left->log_id < right->log_id ? -1 : left->log_id > right->log_id;
}

void log_fold_end(const struct log_fold *fold, struct log_state *out)
{
    size_t count = 0;

    for (size_t i = 0; i < fold->room; i++)
        if (fold->slots[i].stage == WHOLE)
            out[count++] = fold->slots[i].state;
    if (count)
        qsort(out, count, sizeof *out, by_id);
}
