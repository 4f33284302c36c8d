#include "app/decide/decide_log.h"

#include <string.h>

#include "app/access.h"
#include "app/batch.h"
#include "app/rollback.h"
#include "base/codec.h"
#include "core/limits.h"
#include "core/members.h"

/* While rows of theirs are still to be changed, whatever else changes them is tried again. */
static enum rc settled(const struct log_total *total, struct command *command)
{
    command->outdated = total->kept.settling != 0;
    return command->outdated
               ? fault_set(&command->fault, RC_CONFLICT, NULL, "the logs are being changed; try again")
               : RC_OK;
}

/* The learner's total after a change of one entry: by the bytes that it had and has. Refuses what grows past
 * a budget; an entry that is new had none. */
static enum rc budget(struct batch *batch, struct command *command, bool added, size_t had, size_t has)
{
    struct log_total *total = batch_log_total(batch, command->learner_key);

    if (!total)
        return fault_no_memory(&command->fault);
    if (settled(total, command) != RC_OK)
        return RC_CONFLICT;
    if (added && total->kept.entries >= LIMIT_LOG_ENTRIES)
        return fault_set(&command->fault, RC_CONFLICT, NULL, "a learner has at most 10,000 log entries");
    if (has > had && total->kept.bytes + (has - had) > LIMIT_LOG_BYTES)
        return fault_set(&command->fault, RC_CONFLICT, NULL,
                         "a learner's log entries have at most 16 MiB in all");
    return RC_OK;
}

/* The event and the entry's row, and the total with both. */
static enum rc put(struct batch *batch, struct command *command, const struct store_log *log,
                   enum event_kind kind, size_t had)
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
    struct log_total *total = rc == RC_OK ? batch_log_total(batch, log->learner) : NULL;
    if (rc == RC_OK && !total)
        rc = fault_no_memory(&command->fault);
    if (rc != RC_OK)
        return rc;
    command->sequence = total->changed = event.sequence;
    total->kept.entries += (kind == EV_LOGGED) - (uint32_t)(kind == EV_LOG_DELETED);
    total->kept.bytes += (kind == EV_LOG_DELETED ? 0 : log->members_size) - had;
    return batch_put_log(batch, log, &command->fault);
}

static enum rc add(struct batch *batch, struct command *command)
{
    if (command->learner_key == 0)
        command->learner_key = batch_learner(batch, command->learner);
    if (command->learner_key == 0)
        return fault_no_memory(&command->fault);
    enum rc rc = budget(batch, command, true, 0, command->members_size);
    if (rc != RC_OK)
        return rc;
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
    return put(batch, command, &log, EV_LOGGED, 0);
}

/* The command is from here on one on the entry's learner. */
static void take_owner(struct batch *batch, struct command *command, uint32_t learner)
{
    /* a copy: an erasure in the same batch takes the bytes away */
    struct text id = arena_text(command->arena, view_id(batch->fold->view, ENTITY_LEARNER, learner));

    command->learner = id.bytes ? id : (struct text){"", 0};
    command->learner_key = learner;
    command->at_ms = batch_instant(batch, command, learner);
    if (command->actor.size == command->learner.size && command->actor.bytes &&
        memcmp(command->actor.bytes, command->learner.bytes, command->learner.size) == 0)
        command->actor = (struct text){NULL, 0};
}

static enum rc refuse_empty(const struct command *command, struct fault *fault)
{
    const char *word = command_part_name(command, PART_LOG_USER);
    const char *text =
        word ? arena_printf(command->arena, "needs at least one member besides %s", word) : NULL;

    return fault_set(fault, RC_INVALID, command_part_name(command, PART_LOG),
                     text ? text : "needs at least one member");
}

/* The entry a command names, if the caller may change it; RC_NOT_FOUND; checks If-Match. */
static enum rc load(struct batch *batch, struct command *command, struct store_log *out)
{
    struct fault *fault = &command->fault;
    enum rc rc = batch_log(batch, command->log_id, command->arena, out, fault);
    char etag[ETAG_BYTES];

    if (rc != RC_OK)
        return rc;
    take_owner(batch, command, out->learner);
    struct access_subject subject = {command->learner.bytes, command->learner.size, 0, false};
    rc = access_check(ACCESS_PERSON, command->caller, batch->fold->view, &subject, fault);
    if (rc != RC_OK)
        return rc;
    if (command->log_user.bytes &&
        (command->log_user.size != command->learner.size ||
         memcmp(command->log_user.bytes, command->learner.bytes, command->learner.size) != 0))
        return fault_set(fault, RC_INVALID, command_part_name(command, PART_LOG_USER), "cannot change");
    if (command->kind == CMD_LOG_UPDATE && command->members_size == 0)
        return refuse_empty(command, fault);
    const struct log_total *total = batch_log_total(batch, out->learner);
    if (!total)
        return fault_no_memory(fault);
    if (settled(total, command) != RC_OK)
        return RC_CONFLICT;
    if (out->deleted)
        return fault_set(fault, RC_NOT_FOUND, NULL, "Progress log not found");
    etag_of_log(out->log_id, out->updated_ms, etag);
    if (!etag_matches(command->if_match, etag))
        return fault_set(fault, RC_STALE_MATCH, "If-Match", "the log has changed since");
    return RC_OK;
}

static enum rc update(struct batch *batch, struct command *command)
{
    struct store_log log;
    enum rc rc = load(batch, command, &log);
    size_t had = log.members_size;

    if (rc != RC_OK)
        return rc;
    uint8_t *merged = arena_alloc(command->arena, log.members_size + command->members_size + 1);
    if (!merged)
        return fault_no_memory(&command->fault);
    log.members_size =
        members_merge(log.members, log.members_size, command->members, command->members_size, merged);
    log.members = merged;
    if (members_json_bytes(merged, log.members_size) > MEMBERS_MAX_BYTES)
        return fault_set(&command->fault, RC_INVALID, NULL, "a log entry has at most 16 KiB");
    if (log.members_size > had && members_count(merged, log.members_size) > LIMIT_OBJECT_MEMBERS)
        return fault_set(&command->fault, RC_INVALID, NULL, "a log entry has at most 1,000 members");
    rc = budget(batch, command, false, had, log.members_size);
    if (rc != RC_OK)
        return rc;
    if (command->has_log_date)
        log.date_ms = command->log_at_ms;
    log.updated_ms = command->at_ms;
    command->members = merged;
    command->members_size = (uint32_t)log.members_size;
    command->log_date_ms = log.date_ms;
    command->log_created_ms = log.created_ms;
    return put(batch, command, &log, EV_LOG_UPDATED, had);
}

static enum rc drop(struct batch *batch, struct command *command)
{
    struct store_log log;
    enum rc rc = load(batch, command, &log);

    if (rc != RC_OK)
        return rc;
    log.deleted = true;
    command->count = 1;
    return put(batch, command, &log, EV_LOG_DELETED, log.members_size);
}

static enum rc clear(struct batch *batch, struct command *command)
{
    struct log_total *total = command->learner_key ? batch_log_total(batch, command->learner_key) : NULL;
    struct store_log all = {.learner = command->learner_key, .deleted = true};

    if (command->learner_key && !total)
        return fault_no_memory(&command->fault);
    if (total && settled(total, command) != RC_OK)
        return RC_CONFLICT;
    if (!total || total->kept.entries == 0)
        return fault_set(&command->fault, RC_NOT_FOUND, NULL, "No progress logs found for user");
    struct event event = batch_event(command, EV_LOGS_CLEARED);
    enum rc rc = batch_emit(batch, &event, &command->fault);
    if (rc != RC_OK)
        return rc;
    command->count = total->kept.entries;
    command->sequence = total->changed = event.sequence;
    bool few = total->kept.entries <= SETTLE_ROWS && total->kept.bytes <= SETTLE_BYTES;
    total->kept.entries = 0;
    total->kept.bytes = 0;
    if (few)
        return batch_put_log(batch, &all, &command->fault);
    total->kept.settling = event.sequence;
    return settling_add(batch, command->learner_key, event.sequence, NULL, command->count, &command->fault);
}

/* ---- rollback ---- */

static enum rc emit_rollback(struct batch *batch, struct command *command)
{
    struct bound to = command->rollback->to;
    uint8_t *body = arena_alloc(&batch->arena, VARINT_MAX_BYTES);

    if (!body)
        return fault_no_memory(&command->fault);
    if (to.sequence > batch->counters.sequence)
        to.sequence = batch->counters.sequence; /* what comes after this rollback is not part of it */
    struct event event = batch_event(command, EV_LOGS_ROLLED_BACK);
    event_set_bound(&event, &to, body);
    enum rc rc = batch_emit(batch, &event, &command->fault);
    command->sequence = event.sequence;
    return rc;
}

/* What changes was found out before; the entries must still be those that were looked at. */
static enum rc roll_back(struct batch *batch, struct command *command)
{
    const struct rollback *rollback = command->rollback;
    struct log_total *total = command->learner_key ? batch_log_total(batch, command->learner_key) : NULL;

    if (!command->learner_key) /* erased meanwhile */
        return fault_set(&command->fault, RC_NOT_FOUND, NULL, "No progress logs found for user");
    if (!total)
        return fault_no_memory(&command->fault);
    if (settled(total, command) != RC_OK)
        return RC_CONFLICT;
    command->outdated = command->learner_key != rollback->learner || total->changed != rollback->changed;
    if (command->outdated)
        return fault_set(&command->fault, RC_CONFLICT, NULL, "the logs are being changed; try again");
    if (total->kept.rollbacks >= LIMIT_ROLLBACKS)
        return fault_set(&command->fault, RC_CONFLICT, NULL,
                         "a learner's logs can be rolled back 1,000 times");
    enum rc rc = emit_rollback(batch, command);
    if (rc != RC_OK)
        return rc;
    command->count = rollback->entries;
    total->changed = command->sequence;
    total->kept.rollbacks++;
    total->kept.entries = rollback->entries;
    total->kept.bytes = rollback->bytes;
    if (rollback->log_count > SETTLE_ROWS || rollback->changed_bytes > SETTLE_BYTES) {
        total->kept.settling = command->sequence;
        return settling_add(batch, command->learner_key, command->sequence, rollback->logs,
                            rollback->log_count, &command->fault);
    }
    for (size_t i = 0; rc == RC_OK && i < rollback->log_count; i++)
        rc = batch_put_log(batch, &rollback->logs[i], &command->fault);
    return rc;
}

enum rc decide_log(struct batch *batch, struct command *command)
{
    command->outdated = false;
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
