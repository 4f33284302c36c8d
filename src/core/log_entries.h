#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"

/* One learner's log entries as a fold of their events: at any bound, and through rollbacks. Pure: memory is
 * the caller's; any thread. Source: contract 5, history and rollback. */

/* Which events count: those up to a sequence and, when an instant bounds them too, not later than it. */
struct bound {
    uint64_t sequence;
    bool by_instant;
    int64_t at_ms;
};

/* Whether an event of that sequence and instant counts under the bound. */
static inline bool bound_holds(const struct bound *bound, uint64_t sequence, int64_t at_ms)
{
    return sequence <= bound->sequence && (!bound->by_instant || at_ms <= bound->at_ms);
}

/* What an event says of log entries. Texts are borrowed. */
struct log_event {
    uint64_t sequence, log_id;
    uint8_t kind; /* EV_LOGGED to EV_LOGS_ROLLED_BACK */
    int64_t at_ms, date_ms;
    uint32_t members_size, actor_size;
    const uint8_t *members;
    const char *actor; /* NULL: the learner */
    struct bound to;   /* EV_LOGS_ROLLED_BACK */
};

struct log_state {
    uint64_t log_id;
    int64_t date_ms, created_ms, updated_ms;
    uint32_t members_size;
    const uint8_t *members; /* as the events hold them */
};

/* Whether the event is about log entries. */
bool event_is_log(enum event_kind kind);

/* The log part of an event about log entries; texts are borrowed from the event. */
struct log_event log_event_of(const struct event *event);

/* An EV_LOGS_ROLLED_BACK's bound, in the event and out of it. bytes has room for VARINT_MAX_BYTES. */
void event_set_bound(struct event *event, const struct bound *bound, uint8_t *bytes);

/* The bound that event_set_bound put into the event. */
struct bound event_bound_of(const struct event *event);

/* ---- the fold, newest event first ----
 * What came before a rollback counts only as its bound says, and what came before the last change of an entry
 * matters to it no more. So the events are given from the last to the first: each is looked at once, however
 * many rollbacks there are, and only what is there in the end is kept. A log_id is given once: one EV_LOGGED
 * each. */

struct log_slot {
    struct log_state state;
    uint8_t stage; /* 0: free */
};

struct log_fold {
    struct bound bound;     /* what of the older events counts */
    bool over;              /* nothing older matters */
    struct log_slot *slots; /* the caller's: by log_id, open addressing */
    size_t room, used;      /* room: a power of two, or 0 */
    size_t entries;         /* that are there */
};

/* Whether the fold needs more room (log_fold_move) before its next event. */
bool log_fold_full(const struct log_fold *fold);

/* Moves to slots that are zeroed, at least twice as many; the old ones are the caller's to free. */
void log_fold_move(struct log_fold *fold, struct log_slot *slots, size_t room);

/* The event before those that were given. Returns the state whose members it gave (borrowed: the caller
 * copies what they point to and sets them), or NULL: it gave none. */
struct log_state *log_fold_back(struct log_fold *fold, const struct log_event *event);

/* The entries that are there, by log_id. out has room for fold->entries. */
void log_fold_end(const struct log_fold *fold, struct log_state *out);

/* Finds an entry by log_id among entries in that order; NULL: it is not there. */
const struct log_state *logs_find(const struct log_state *entries, size_t count, uint64_t log_id);
