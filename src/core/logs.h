#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"

/* One learner's log entries as a fold of their events: at any bound, and through rollbacks. Pure: memory is the
 * caller's; any thread. Source: contract 5, history and rollback. */

/* Which events count: those up to a sequence and, when an instant bounds them too, not later than it. */
struct bound {
    uint64_t sequence;
    bool by_instant;
    int64_t at_ms;
};

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
    const char *actor;  /* NULL: the learner */
    struct bound to;    /* EV_LOGS_ROLLED_BACK */
};

struct log_state {
    uint64_t log_id;
    int64_t date_ms, created_ms, updated_ms;
    uint32_t members_size;
    const uint8_t *members; /* as the events hold them */
};

/* Whether the event is about log entries. */
bool event_is_log(enum event_kind kind);

/* The log part of such an event. */
struct log_event log_event_of(const struct event *event);

/* An EV_LOGS_ROLLED_BACK's bound, in the event and out of it. bytes has room for VARINT_MAX_BYTES. */
void event_set_bound(struct event *event, const struct bound *bound, uint8_t *bytes);
struct bound event_bound_of(const struct event *event);

/* The entries after those of the events (one learner's, in order) that the bound lets count, by log_id. out has room
 * for as many as there are EV_LOGGED. Returns how many there are. */
size_t logs_fold(const struct log_event *events, size_t count, const struct bound *bound, struct log_state *out);

/* Finds an entry among those; NULL. */
const struct log_state *logs_find(const struct log_state *entries, size_t count, uint64_t log_id);
