#pragma once

#include "core/log_entries.h"
#include "store/store.h"

/* The log entries that the store holds, and their totals, against what the events say. One learner's entries
 * are held at a time. Part of verify. */

/* Where the log events are. */
struct log_ref {
    uint64_t sequence;
    uint32_t learner;
    uint8_t kind;
};

struct log_refs {
    struct log_ref *at;
    size_t count, room;
};

/* Notes an event if it is about log entries, or erases somebody: what they wrote before counts no more,
 * though some of it may still be there. False: out of memory. free() refs->at. */
bool log_refs_add(struct log_refs *refs, const struct stored_event *stored);

/* Who is told what is not as it should be. should NULL: the entry should not be there. */
struct log_judge {
    void *arg;
    enum rc (*entry)(void *arg, uint32_t learner, uint64_t log_id, const struct log_state *should,
                     struct fault *fault);
    enum rc (*total)(void *arg, const struct store_log_total *should, struct fault *fault);
    bool patient; /* rows that will follow their event are no difference */
};

/* refs: all there are, in order; sorted anew. *out_logs: how many entries there should be. */
MUST_CHECK enum rc verify_logs(struct store *store, struct log_refs *refs, const struct log_judge *judge,
                               uint64_t *out_logs, struct fault *fault);
