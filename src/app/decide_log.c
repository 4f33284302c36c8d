#include "app/batch.h"

#include <string.h>

#include "base/codec.h"
#include "core/members.h"

/* Log entries: added, merged, taken away; each an event. Source: contract 5. */

/* A stored entry with its members copied into the command's arena. */
struct copy {
    struct arena *arena;
    struct store_log log;
    bool failed;
};

static bool copy_log(void *arg, const struct store_log *log)
{
    struct copy *copy = arg;

    copy->log = *log;
    copy->log.members = (const uint8_t *)arena_copy(copy->arena, log->members, log->members_size);
    copy->failed = copy->log.members == NULL;
    return false;
}

static enum rc put(struct batch *batch, struct command *command, const struct store_log *log,
                   enum event_kind kind)
{
    struct event event = batch_event(command, kind);

    event.learner = log->learner;
    event.log_id = log->log_id;
    event.log_at_ms = log->date_ms;
    if (kind != EV_LOG_DELETED) {
        event.body = log->members;
        event.body_size = (uint32_t)log->members_size;
    }
    enum rc rc = batch_emit(batch, &event, &command->fault);
    command->sequence = event.sequence;
    return rc == RC_OK ? batch_put_log(batch, log, &command->fault) : rc;
}

static enum rc add(struct batch *batch, struct command *command)
{
    if (command->learner_key == 0)
        command->learner_key = batch_learner(batch, command->learner);
    if (command->learner_key == 0)
        return fault_set(&command->fault, RC_BUSY, NULL, "out of memory");
    struct store_log log = {
        .log_id = ++batch->counters.log_id,
        .learner = command->learner_key,
        .date_ms = command->has_log_date ? command->log_at_ms : command->at_ms,
        .created_ms = command->at_ms,
        .updated_ms = command->at_ms,
        .members = command->members,
        .members_size = command->members_size,
    };
    command->log_id = log.log_id;
    command->log_date_ms = log.date_ms;
    command->log_created_ms = log.created_ms;
    return put(batch, command, &log, EV_LOGGED);
}

/* The entry a command names, or RC_NOT_FOUND; checks If-Match. */
static enum rc load(struct batch *batch, struct command *command, struct store_log *out)
{
    struct copy copy = {.arena = command->arena};
    enum rc rc = store_log(batch->store, command->log_id, copy_log, &copy, &command->fault);
    char etag[ETAG_BYTES];

    if (rc != RC_OK)
        return rc;
    if (copy.failed)
        return fault_set(&command->fault, RC_BUSY, NULL, "out of memory");
    etag_of_log(copy.log.log_id, copy.log.updated_ms, etag);
    if (!etag_matches(command->if_match, etag))
        return fault_set(&command->fault, RC_STALE_MATCH, "If-Match", "the log has changed since");
    *out = copy.log;
    return RC_OK;
}

static enum rc update(struct batch *batch, struct command *command)
{
    struct store_log log;
    enum rc rc = load(batch, command, &log);

    if (rc != RC_OK)
        return rc;
    uint8_t *merged = arena_alloc(command->arena, log.members_size + command->members_size + 1);
    if (!merged)
        return fault_set(&command->fault, RC_BUSY, NULL, "out of memory");
    log.members_size = members_merge(log.members, log.members_size, command->members, command->members_size,
                                     merged);
    log.members = merged;
    if (members_json_bytes(merged, log.members_size) > MEMBERS_MAX_BYTES)
        return fault_set(&command->fault, RC_INVALID, NULL, "a log entry has at most 16 KiB");
    if (command->has_log_date)
        log.date_ms = command->log_at_ms;
    log.updated_ms = command->at_ms;
    command->members = merged;
    command->members_size = (uint32_t)log.members_size;
    command->log_date_ms = log.date_ms;
    command->log_created_ms = log.created_ms;
    return put(batch, command, &log, EV_LOG_UPDATED);
}

static enum rc drop(struct batch *batch, struct command *command)
{
    struct store_log log;
    enum rc rc = load(batch, command, &log);

    if (rc != RC_OK)
        return rc;
    log.deleted = true;
    command->count = 1;
    return put(batch, command, &log, EV_LOG_DELETED);
}

struct clearing {
    struct batch *batch;
    struct command *command;
    enum rc rc;
};

static bool clear_one(void *arg, const struct store_log *log)
{
    struct clearing *clearing = arg;
    struct store_log gone = {.log_id = log->log_id, .learner = log->learner, .deleted = true};

    clearing->rc = batch_put_log(clearing->batch, &gone, &clearing->command->fault);
    clearing->command->count++;
    return clearing->rc == RC_OK;
}

static enum rc clear(struct batch *batch, struct command *command)
{
    struct clearing clearing = {batch, command, RC_OK};
    enum rc rc = RC_OK;

    if (command->learner_key)
        rc = store_each_log(batch->store, command->learner_key, NULL, clear_one, &clearing, &command->fault);
    if (rc != RC_OK || clearing.rc != RC_OK)
        return rc != RC_OK ? rc : clearing.rc;
    if (command->count == 0)
        return fault_set(&command->fault, RC_NOT_FOUND, NULL, "No progress logs found for user");
    struct event event = batch_event(command, EV_LOGS_CLEARED);
    rc = batch_emit(batch, &event, &command->fault);
    command->sequence = event.sequence;
    return rc;
}

/* ---- rollback ---- */

static enum rc put_entry(struct batch *batch, struct command *command, const struct log_state *entry, bool deleted)
{
    struct store_log log = {
        .log_id = entry->log_id, .learner = command->learner_key, .deleted = deleted, .date_ms = entry->date_ms,
        .created_ms = entry->created_ms, .updated_ms = entry->updated_ms, .members_size = entry->members_size,
        .members = entry->members_size ? (const uint8_t *)arena_copy(&batch->arena, entry->members, entry->members_size) : NULL,
    };
    if (entry->members_size && !log.members)
        return fault_set(&command->fault, RC_BUSY, NULL, "out of memory");
    return batch_put_log(batch, &log, &command->fault);
}

/* What differs between the entries now and then. An entry that was written at another instant is another. */
static enum rc put_difference(struct batch *batch, struct command *command, const struct log_entries *now,
                              const struct log_entries *then)
{
    enum rc rc = RC_OK;

    for (size_t i = 0; i < now->count && rc == RC_OK; i++)
        if (!logs_find(then->at, then->count, now->at[i].log_id))
            rc = put_entry(batch, command, &now->at[i], true);
    for (size_t i = 0; i < then->count && rc == RC_OK; i++) {
        const struct log_state *old = logs_find(now->at, now->count, then->at[i].log_id);
        if (!old || old->updated_ms != then->at[i].updated_ms || old->members_size != then->at[i].members_size ||
            (old->members_size && memcmp(old->members, then->at[i].members, old->members_size) != 0))
            rc = put_entry(batch, command, &then->at[i], false);
    }
    return rc;
}

static enum rc roll_back(struct batch *batch, struct command *command)
{
    const struct bound always = {.sequence = UINT64_MAX};
    struct fault *fault = &command->fault;
    struct log_entries now = {0}, then = {0};
    struct bound to;
    enum rc rc = history_bound(&batch->past, command->learner_key, command->rolled_to, "to", &to, fault);

    if (rc == RC_OK && !command->learner_key)
        return fault_set(fault, RC_NOT_FOUND, NULL, "No progress logs found for user");
    if (to.sequence > batch->counters.sequence)
        to.sequence = batch->counters.sequence; /* what comes after this rollback is not part of it */
    if (rc == RC_OK)
        rc = history_logs(&batch->past, command->learner_key, &always, &now, fault);
    if (rc == RC_OK)
        rc = history_logs(&batch->past, command->learner_key, &to, &then, fault);
    if (rc == RC_OK)
        rc = put_difference(batch, command, &now, &then);
    command->count = (uint32_t)then.count;
    log_entries_done(&now);
    log_entries_done(&then);
    if (rc != RC_OK)
        return rc == RC_INTERNAL ? RC_BUSY : rc;
    uint8_t *body = arena_alloc(&batch->arena, VARINT_MAX_BYTES);
    if (!body)
        return fault_set(fault, RC_BUSY, NULL, "out of memory");
    struct event event = batch_event(command, EV_LOGS_ROLLED_BACK);
    event_set_bound(&event, &to, body);
    rc = batch_emit(batch, &event, fault);
    command->sequence = event.sequence;
    return rc;
}

enum rc decide_log(struct batch *batch, struct command *command)
{
    switch (command->kind) {
    case CMD_LOG_ADD:
        return add(batch, command);
    case CMD_LOG_UPDATE:
        return update(batch, command);
    case CMD_LOG_DELETE:
        return drop(batch, command);
    case CMD_LOGS_ROLL_BACK:
        return roll_back(batch, command);
    default:
        return clear(batch, command);
    }
}
