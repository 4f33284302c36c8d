#include "app/commit.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "app/checkpointer.h"
#include "app/commit_notes.h"
#include "app/decide/decide.h"
#include "app/engine_private.h"
#include "app/idempotency.h"
#include "app/live_batch.h"
#include "app/others.h"
#include "app/publish.h"
#include "app/queue.h"
#include "base/monotonic.h"
#include "model/names.h"
#include "model/revision.h"

enum {
    /* of a batch in doubt: how long the engine waits before it asks again, at first and at most; and how long
       a server that is told to end waits for the log */
    ASK_AFTER_MS = 10,
    ASK_AFTER_MAX_MS = 1000,
    ASK_LAST_MS = 10000,
    COPY_AGAIN_MS = 250, /* how often a node whose disk is full tries to copy what the log has */
};

static void batch_clear(struct batch *batch)
{
    arena_done(&batch->arena);
    batch->event_count = 0;
    batch_logs_clear(batch);
    adopting_abandon(batch);
    batch->erasure = NULL;
}

/* Ids that this batch's events are the first to use. In the batch's arena. */
static enum rc collect_ids(struct engine *engine, struct store_id **out_ids, size_t *out_count)
{
    struct model *model = engine->model;
    struct batch *batch = &engine->batch;
    size_t total = 0, count = 0;

    for (enum entity kind = 0; kind < ENTITIES; kind++)
        total += model_count(model, kind) - model_stored(model, kind);
    struct store_id *ids = arena_alloc(&batch->arena, (total + 1) * sizeof *ids);
    if (!ids)
        return RC_BUSY;
    for (enum entity kind = 0; kind < ENTITIES; kind++)
        for (uint32_t key = model_stored(model, kind) + 1; key <= model_count(model, kind); key++) {
            struct text id = view_id(batch->fold->view, kind, key);
            ids[count++] = (struct store_id){(enum store_id_kind)kind, key, id.bytes, id.size};
        }
    *out_ids = ids;
    *out_count = count;
    return RC_OK;
}

/* Whom an answer names: it goes when one of them is erased. Not the one whom the command erases: nothing of
 * them stays. In the batch's arena. */
static bool name_all(struct arena *arena, const struct command *command, struct store_answer *answer)
{
    const struct course_put *put = command->put;
    uint32_t staff = put ? put->staff_count : 0;
    struct store_name *names = arena_alloc(arena, (staff + 2) * sizeof *names);
    size_t count = 0;

    if (!names)
        return false;
    if (command->learner.bytes && command->kind != CMD_ERASE)
        names[count++] = (struct store_name){command->learner.bytes, command->learner.size};
    if (command->actor.bytes)
        names[count++] = (struct store_name){command->actor.bytes, command->actor.size};
    for (uint32_t i = 0; i < staff; i++)
        names[count++] = (struct store_name){put->staff[i].user.bytes, put->staff[i].user.size};
    answer->names = names;
    answer->name_count = count;
    return true;
}

/* Whether it has an answer to be remembered. */
static bool is_answered(const struct command *command)
{
    return command->rc == RC_OK && command->answer_key && !command->split && !command->replay;
}

/* Answers to be remembered with the events that they tell of. */
static enum rc collect_answers(struct engine *engine, struct command *commands, struct store_answer **out,
                               size_t *out_count)
{
    size_t count = 0;

    for (struct command *command = commands; command; command = command->next)
        count += is_answered(command);
    *out_count = count;
    *out = count ? arena_alloc(&engine->batch.arena, count * sizeof **out) : NULL;
    if (count && !*out)
        return RC_BUSY;
    count = 0;
    for (struct command *command = commands; command; command = command->next) {
        if (!is_answered(command))
            continue;
        if (command->answer.body->failed)
            return RC_BUSY;
        struct store_answer *answer = &(*out)[count++];
        memcpy(answer->key, command->answer_key, sizeof answer->key);
        memcpy(answer->fingerprint, command->fingerprint, sizeof answer->fingerprint);
        answer->caller = command->answer_caller;
        if (!name_all(&engine->batch.arena, command, answer))
            return RC_BUSY;
        answer->at_ms = engine->batch.now_ms;
        answer->status = command->answer.status;
        answer->etag = command->answer.etag;
        answer->body = command->answer.body->bytes;
        answer->body_size = command->answer.body->size;
    }
    return RC_OK;
}

/* The totals that the batch changed, to be kept with it; in the batch's arena. */
static enum rc collect_log_totals(struct batch *batch, struct store_log_total **out)
{
    size_t count = batch->logs.changed_count;

    *out = count ? arena_alloc(&batch->arena, count * sizeof **out) : NULL;
    if (count && !*out)
        return RC_BUSY;
    for (size_t i = 0; i < count; i++)
        (*out)[i] = batch->logs.changed[i].kept;
    return RC_OK;
}

static void give_turn_up(struct engine *engine)
{
    if (engine->next_turn)
        log_abandon(engine->log);
    engine->next_turn = 0;
}

static void set_in_doubt(struct engine *engine, bool in_doubt)
{
    (void)pthread_mutex_lock(&engine->lock);
    engine->state.in_doubt_since_ms = in_doubt ? engine->policy.now_ms() : 0;
    (void)pthread_mutex_unlock(&engine->lock);
    if (engine->policy.say)
        engine->policy.say(log_name(engine->log), in_doubt ? "a write's outcome is not known; asking"
                                                           : "the write's outcome is known");
}

static bool is_stopping(struct engine *engine)
{
    (void)pthread_mutex_lock(&engine->lock);
    bool stopping = engine->stopping;
    (void)pthread_mutex_unlock(&engine->lock);
    return stopping;
}

/* Asks until the log knows. Nothing else is decided meanwhile, and what comes is refused as when a disk
 * hangs. LOG_UNKNOWN: the server is told to end, and the log stays silent. */
static enum log_outcome settle(struct engine *engine, const struct batch_id *id, struct fault *fault)
{
    enum log_outcome outcome = LOG_UNKNOWN;
    int64_t began_ms = monotonic_ms(), wait_ms = ASK_AFTER_MS;

    set_in_doubt(engine, true);
    while (outcome == LOG_UNKNOWN && !(monotonic_ms() - began_ms > ASK_LAST_MS && is_stopping(engine))) {
        (void)nanosleep(&(struct timespec){wait_ms / 1000, wait_ms % 1000 * 1000000}, NULL); /* cut is fine */
        wait_ms = 2 * wait_ms < ASK_AFTER_MAX_MS ? 2 * wait_ms : ASK_AFTER_MAX_MS;
        outcome = log_outcome_of(engine->log, id, fault);
    }
    if (outcome != LOG_UNKNOWN) {
        atomic_store(&engine->reached_ms, monotonic_ms());
        set_in_doubt(engine, false);
    }
    return outcome;
}

/* The log has it: so have this node's own files, before it is published. On a full disk they wait for room,
 * and with them whoever is to be told of the batch, as when its outcome is not known. A node that cannot
 * write them at all is not one for long, but its answer is true. */
static void note_stored(struct engine *engine, const struct store_batch *what)
{
    struct fault fault;
    enum rc rc = RC_OK;

    if (what->id_count)
        model_note_stored(engine->model);
    engine->followed = (struct log_turn){what->turn, what->id};
    if (!log_is_shared(engine->log))
        return;
    while ((rc = store_copy(engine->store, what, &fault)) == RC_BUSY && !is_stopping(engine)) {
        commit_note_copying(engine, fault_why(&fault));
        (void)nanosleep(&(struct timespec){0, COPY_AGAIN_MS * 1000000}, NULL); /* cut is fine */
    }
    if (rc == RC_OK)
        commit_note_copying(engine, NULL);
    else
        commit_note_broken(engine, "events.db", &fault);
}

/* RC_BUSY: it is not stored. RC_INTERNAL: nobody knows, and nothing more may be written. */
static enum rc store(struct engine *engine, const struct store_batch *what, struct fault *fault)
{
    uint64_t began_us = monotonic_us();
    enum log_outcome outcome = log_commit(engine->log, what, fault);
    uint64_t took_us = monotonic_us() - began_us;

    histogram_add(&engine->timings.commit_us, histogram_times_us, took_us);
    engine->next_turn = 0;
    if (engine->others_room) {
        (void)pthread_mutex_lock(&engine->lock);
        engine->log_costs.commits++;
        engine->log_costs.commit_us += took_us;
        engine->log_costs.doubts += outcome == LOG_UNKNOWN;
        (void)pthread_mutex_unlock(&engine->lock);
    }
    if (outcome == LOG_UNKNOWN)
        outcome = settle(engine, &what->id, fault);
    if (outcome == LOG_STORED)
        note_stored(engine, what);
    return outcome == LOG_STORED ? RC_OK : outcome == LOG_REFUSED ? RC_BUSY : RC_INTERNAL;
}

/* *out_wrote: something was there to be stored, and is. */
static enum rc commit(struct engine *engine, struct command *commands, const char *ledger_key,
                      const char *ledger_value, bool *out_wrote, struct fault *fault)
{
    struct batch *batch = &engine->batch;
    struct store_id *ids = NULL;
    struct store_log_total *totals = NULL;
    struct store_answer *answers = NULL;
    size_t id_count = 0, answer_count = 0;
    enum rc rc = collect_answers(engine, commands, &answers, &answer_count);

    if (rc == RC_OK && batch->event_count)
        rc = collect_ids(engine, &ids, &id_count);
    if (rc == RC_OK)
        rc = collect_log_totals(batch, &totals);
    if (rc != RC_OK)
        return fault_set(fault, rc, NULL, "out of memory");
    if (batch->event_count + answer_count == 0 && !batch->logs.settlings.stepped && !ledger_key)
        return RC_OK;
    struct store_batch what = {
        .id = log_next_id(engine->log),
        .turn = engine->next_turn,
        .at_ms = batch->now_ms,
        .events = batch->events,
        .event_count = batch->event_count,
        .ids = ids,
        .id_count = id_count,
        .logs = batch->logs.changes,
        .log_count = batch->logs.change_count,
        .log_totals = totals,
        .log_total_count = batch->logs.changed_count,
        .answers = answers,
        .answer_count = answer_count,
        .ledger_key = ledger_key,
        .ledger_value = ledger_value,
        .counters = batch->counters,
        .erasure = batch->erasure,
    };
    rc = store(engine, &what, fault);
    *out_wrote = rc == RC_OK;
    return rc;
}

void commit_answer(struct engine *engine, struct command *commands)
{
    uint64_t count = 0;

    for (struct command *command = commands, *next; command; command = next, count++) {
        next = command->next; /* after done the command may be gone */
        command->next = NULL;
        if (!command->adopts)
            command->done(command);
    }
    (void)pthread_mutex_lock(&engine->lock);
    engine->state.commands += count;
    if (engine->busy_since_ms)
        engine->busy_since_ms =
            monotonic_ms(); /* what counts as a disk that hangs is one commit, not a row of them */
    (void)pthread_mutex_unlock(&engine->lock);
}

void commit_answer_adopted(struct engine *engine)
{
    struct command *over = adopting_over(&engine->batch);

    if (over)
        commit_answer(engine, over);
}

static void refuse_all(struct command *commands, bool in_doubt)
{
    for (struct command *command = commands; command; command = command->next)
        command->rc = fault_set(&command->fault, RC_BUSY, NULL,
                                in_doubt ? "it is not known whether the change was stored"
                                         : "the change could not be stored; try again");
}

/* What a commit needs room for is had before anything is written. */
static enum rc make_ready(struct engine *engine, const char **ledger_key, const char **ledger_value,
                          struct revision **out_revision, struct fault *fault)
{
    struct batch *batch = &engine->batch;
    enum rc rc = RC_OK;

    if (!*ledger_key)
        rc = adopting_note(batch, ledger_key, ledger_value, fault);
    if (rc == RC_OK && engine->fold.deferred)
        rc = revision_new(&engine->fold, out_revision);
    if (rc == RC_OK)
        rc = tail_reserve(engine->tail, batch->event_count) ? fold_reserve(&engine->fold) : RC_BUSY;
    return rc;
}

/* wrote: the log was asked to store it, which took so long. */
static void note_batch(struct engine *engine, enum rc rc, bool wrote, uint64_t spent_us)
{
    const struct batch *batch = &engine->batch;

    (void)pthread_mutex_lock(&engine->lock);
    engine->state.sequence = batch->counters.sequence;
    engine->state.turn = engine->followed.number;
    engine->state.turn_batch = engine->followed.batch;
    if (engine->turn_waiters)
        (void)pthread_cond_broadcast(&engine->turned);
    engine->state.batches++;
    engine->erasures += batch->erasure != NULL;
    if (wrote)
        engine->commit_us[engine->commit_count++ % COMMITS_KEPT] =
            spent_us < UINT32_MAX ? (uint32_t)spent_us : UINT32_MAX;
    engine->state.events += rc == RC_OK ? batch->event_count : 0;
    (void)pthread_mutex_unlock(&engine->lock);
}

enum rc commit_decided(struct engine *engine, struct command *commands, enum rc rc, const char *ledger_key,
                       const char *ledger_value, struct fault *fault)
{
    struct batch *batch = &engine->batch;
    uint64_t first = batch->counters.sequence - batch->event_count + 1;
    struct revision *revision = NULL;
    bool wrote = false;

    if (rc == RC_OK)
        rc = make_ready(engine, &ledger_key, &ledger_value, &revision, fault);
    uint64_t began_us = monotonic_us();
    if (rc == RC_OK)
        rc = commit(engine, commands, ledger_key, ledger_value, &wrote, fault);
    uint64_t spent_us = monotonic_us() - began_us;
    give_turn_up(engine);           /* when it came to nothing */
    model_take_back(engine->model); /* ids that are not stored with it */
    if (rc == RC_OK) {
        publish_stored(engine, commands, revision);
    } else {
        revision_free(revision);
        fold_abandon(&engine->fold);
        batch->counters = store_counters(engine->store);
        refuse_all(commands, engine->state.in_doubt_since_ms != 0);
    }
    live_note_end(&batch->live, engine->live, first, batch->counters.sequence, rc == RC_OK);
    note_batch(engine, rc, wrote, spent_us);
    batch_clear(batch);
    if (rc == RC_INTERNAL || rc == RC_CONFLICT)
        commit_note_broken(engine, log_name(engine->log), fault);
    else if (rc != RC_OK || wrote)
        commit_note_failing(engine, rc != RC_OK, fault_why(fault));
    commit_answer_adopted(engine);
    return rc;
}

/* Of a batch that is about to be decided. A command that is decided again waited once. */
static void note_waits(struct engine *engine, struct command *commands, uint64_t now_us)
{
    for (struct command *command = commands; command; command = command->next) {
        if (command->queued_us)
            histogram_add(&engine->timings.queue_us, histogram_steps_us, now_us - command->queued_us);
        command->queued_us = 0;
    }
}

enum rc commit_batch(struct engine *engine, struct command *commands, const char *ledger_key,
                     const char *ledger_value, struct fault *fault)
{
    struct batch *batch = &engine->batch;
    enum rc rc = others_begin(engine, fault);
    uint64_t count = 0;

    if (rc == RC_OK && engine->gathers)
        queue_gather(engine, commands);
    uint64_t began_us = monotonic_us();
    note_waits(engine, commands, began_us);
    live_note_begin(&batch->live, engine->live);
    for (struct command *command = commands; command && rc == RC_OK; command = command->next) {
        count++;
        command->replay = command->answer_key && engine->answers && engine->others_room &&
                          idempotency_was_learned(engine->answers, command->answer_key);
        if (command->replay)
            continue; /* another node has done it */
        decide_command(batch, command);
        if (command->rc == RC_BUSY)
            rc = RC_BUSY, *fault = command->fault;
    }
    if (rc == RC_OK && !batch->erasure) /* whose row in the log stays: it may hold nothing of them */
        rc = settling_step(batch, fault);
    if (rc == RC_OK && batch->adoptions.later && !engine->revision && !engine->fold.deferred &&
        !(commands && queue_is_alone(engine, commands)))
        rc = adopting_step(batch, fault);
    if (count) {
        histogram_add(&engine->timings.batch_commands, histogram_sizes, count);
        histogram_add(&engine->timings.decide_us, histogram_steps_us, monotonic_us() - began_us);
    }
    return commit_decided(engine, commands, rc, ledger_key, ledger_value, fault);
}
