#include "app/rollback.h"

#include <string.h>

#include "model/log_totals.h"

struct comparing {
    struct rollback *rollback;
    struct arena *arena;
    const struct log_entries *then;
    bool *seen; /* of then */
};

static enum rc change(struct comparing *comparing, const struct store_log *log, struct fault *fault)
{
    struct rollback *rollback = comparing->rollback;

    if (rollback->log_count == rollback->log_room) {
        size_t room = rollback->log_room ? 2 * rollback->log_room : 32;
        struct store_log *logs = arena_alloc(comparing->arena, room * sizeof *logs);
        if (!logs)
            return fault_no_memory(fault);
        if (rollback->log_count)
            memcpy(logs, rollback->logs, rollback->log_count * sizeof *logs);
        rollback->logs = logs;
        rollback->log_room = room;
    }
    struct store_log *own = &rollback->logs[rollback->log_count++];
    *own = *log;
    rollback->changed_bytes += log->members_size;
    own->members = log->members_size
                       ? (const uint8_t *)arena_copy(comparing->arena, log->members, log->members_size)
                       : NULL;
    return log->members_size && !own->members ? fault_no_memory(fault) : RC_OK;
}

static enum rc bring_back(struct comparing *comparing, uint32_t learner, const struct log_state *state,
                          struct fault *fault)
{
    const struct store_log log = {.log_id = state->log_id,
                                  .learner = learner,
                                  .date_ms = state->date_ms,
                                  .created_ms = state->created_ms,
                                  .updated_ms = state->updated_ms,
                                  .members = state->members,
                                  .members_size = state->members_size};
    return change(comparing, &log, fault);
}

/* An entry of now: gone then, another then, or the same. */
static enum rc compare(void *arg, const struct store_log *log, struct fault *fault)
{
    struct comparing *comparing = arg;
    const struct log_state *old = logs_find(comparing->then->at, comparing->then->count, log->log_id);

    if (!old)
        return change(comparing,
                      &(struct store_log){.log_id = log->log_id, .learner = log->learner, .deleted = true},
                      fault);
    comparing->seen[old - comparing->then->at] = true;
    if (old->updated_ms != log->updated_ms || old->date_ms != log->date_ms ||
        old->members_size != log->members_size ||
        (log->members_size && memcmp(old->members, log->members, log->members_size) != 0))
        return bring_back(comparing, log->learner, old, fault);
    return RC_OK;
}

static enum rc find_changes(const struct history *history, uint32_t learner, const struct log_entries *then,
                            struct arena *arena, struct rollback *out, struct fault *fault)
{
    struct comparing comparing = {out, arena, then, arena_alloc(arena, then->count + 1)};

    if (!comparing.seen)
        return fault_no_memory(fault);
    enum rc rc = store_each_log(history->store, learner, NULL, compare, &comparing, fault);
    for (size_t i = 0; rc == RC_OK && i < then->count; i++) {
        out->bytes += then->at[i].members_size;
        if (!comparing.seen[i])
            rc = bring_back(&comparing, learner, &then->at[i], fault);
    }
    out->entries = (uint32_t)then->count;
    return rc;
}

enum rc rollback_left(const struct history *history, uint32_t learner, struct arena *arena,
                      struct rollback *out, struct fault *fault)
{
    static const struct bound always = {.sequence = UINT64_MAX};
    struct log_entries now = {0};

    *out = (struct rollback){.learner = learner};
    enum rc rc = history_logs(history, learner, &always, &now, fault);
    if (rc == RC_OK)
        rc = find_changes(history, learner, &now, arena, out, fault);
    log_entries_done(&now);
    return rc;
}

enum rc rollback_prepare(const struct history *history, uint32_t learner, const char *text, const char *field,
                         struct arena *arena, struct rollback *out, struct fault *fault)
{
    struct log_entries then = {0};

    *out = (struct rollback){.learner = learner};
    enum rc rc = log_history_wait(history, learner, fault);
    if (rc != RC_OK)
        return rc;
    out->changed = log_totals_of(history->totals, learner).changed; /* before all that is read */
    rc = history_bound(history, learner, text, field, &out->to, fault);
    if (rc == RC_OK && !learner)
        rc = fault_set(fault, RC_NOT_FOUND, NULL, "No progress logs found for user");
    if (rc == RC_OK)
        rc = history_logs(history, learner, &out->to, &then, fault);
    if (rc == RC_OK)
        rc = find_changes(history, learner, &then, arena, out, fault);
    log_entries_done(&then);
    return rc;
}
