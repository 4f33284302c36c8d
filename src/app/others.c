#include "app/others.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "app/checkpointer.h"
#include "app/commit.h"
#include "app/commit_notes.h"
#include "app/engine_private.h"
#include "app/idempotency.h"
#include "base/ident.h"
#include "base/monotonic.h"
#include "core/live.h"
#include "model/names.h"
#include "model/view.h"
#include "store/log.h"

/* So many events of others, four full batches, are told in one go; what is past them is read from the log:
 * this node was away, and notes take memory. */
enum { TOLD_MAX = 16384 };

/* The names that the batch is the first to use. Those that a batch of ours gave out in vain make room. */
static enum rc add_names(struct model *model, const struct store_batch *batch, struct fault *fault)
{
    if (batch->id_count)
        model_take_back(model);
    for (size_t i = 0; i < batch->id_count; i++) {
        const struct store_id *id = &batch->ids[i];
        if (id->key >
                model_count(model,
                            (enum entity)id->kind) && /* else it came before, and then something failed */
            !model_load_id(model, (enum entity)id->kind, id->key, id->id, id->size))
            return fault_no_memory(fault);
    }
    return RC_OK;
}

static enum rc fold_events(struct engine *engine, const struct store_batch *batch, struct live_note *note,
                           struct fault *fault)
{
    for (size_t i = 0; i < batch->event_count; i++) {
        const struct stored_event *stored = &batch->events[i];
        struct event event;
        enum rc rc = RC_INTERNAL;
        if (stored_event_decode(stored, engine->others_room, EVENT_SEGMENTS_MAX, &event))
            rc = fold_apply(&engine->fold, &event);
        if (rc == RC_INTERNAL)
            return fault_text(fault, rc, "the store failed",
                              "event %llu of the log (kind %u) is not known here: a newer version wrote it,"
                              " which this node has to be, or it is damaged",
                              (unsigned long long)stored->sequence, stored->kind);
        if (rc != RC_OK)
            return fault_no_memory(fault);
        live_note_event(note, &event, engine->fold.view, &engine->fold.catalogue);
    }
    return RC_OK;
}

/* What goes with somebody who was erased elsewhere. */
static void forget(struct engine *engine, const struct store_erasure *erasure)
{
    struct batch *batch = &engine->batch;

    settling_forget(batch, erasure->learner);
    log_totals_set(batch->logs.totals, &(struct log_total){.kept = {.learner = erasure->learner}});
    if (erasure->own)
        (void)erase_jobs_add(engine->jobs, erasure); /* out of memory: the next start does it */
    engine->scrub = true;
    checkpointer_hurry(engine->checkpointer);
}

static void publish(struct engine *engine, const struct store_batch *batch)
{
    tail_add(engine->tail, batch->events, batch->event_count); /* first: what is shown can be traced */
    for (size_t i = 0; i < batch->log_total_count; i++)
        log_totals_set(engine->batch.logs.totals,
                       &(struct log_total){batch->log_totals[i], batch->counters.sequence});
    for (size_t i = 0; engine->answers && i < batch->answer_count; i++)
        idempotency_learn(engine->answers, &batch->answers[i]);
    if (batch->erasure)
        forget(engine, batch->erasure);
    if (!engine->starting) { /* else they are read when it is over */
        settling_heard(&engine->batch, batch);
        if (batch->ledger_key)
            adopting_heard(&engine->batch, batch->ledger_key, batch->ledger_value);
    }
    if (batch->event_count)
        fold_publish(&engine->fold, batch->counters.sequence);
    engine->followed = (struct log_turn){batch->turn, batch->id};
}

static void note_followed(struct engine *engine, const struct store_batch *batch, uint64_t began_us)
{
    (void)pthread_mutex_lock(&engine->lock);
    engine->state.sequence = batch->counters.sequence;
    engine->state.turn = batch->turn;
    engine->state.turn_batch = batch->id;
    engine->log_costs.followed++;
    engine->log_costs.take_us += monotonic_us() - began_us;
    if (engine->turn_waiters)
        (void)pthread_cond_broadcast(&engine->turned);
    engine->state.events += batch->event_count;
    (void)pthread_mutex_unlock(&engine->lock);
}

/* A node that is new, or was away for long: it says how far it is, may be told to end, and writes its
 * checkpoint now and then, so that the next start need not begin anew and memory stays bounded. */
static enum rc note_start(struct engine *engine, const struct store_batch *batch, struct fault *fault)
{
    const struct policy *policy = &engine->policy;

    if (policy->followed)
        policy->followed(policy->progress_arg, batch->turn, batch->counters.sequence);
    if (policy->stop && policy->stop())
        return fault_set(fault, RC_BUSY, NULL, "the start was ended");
    engine->unwritten += batch->event_count;
    if (engine->unwritten < START_CHECKPOINT_EVENTS)
        return RC_OK;
    engine->unwritten = 0;
    enum rc rc = checkpointer_write(engine->checkpointer, fault);
    (void)rc; /* on a full disk it starts all the same */
    return RC_OK;
}

static enum rc fold_batch(struct engine *engine, const struct store_batch *batch, struct live_note *note,
                          struct fault *fault)
{
    enum rc rc = add_names(engine->model, batch, fault);

    if (rc == RC_OK)
        rc = fold_events(engine, batch, note, fault);
    if (rc == RC_OK &&
        (!tail_reserve(engine->tail, batch->event_count) || fold_reserve(&engine->fold) != RC_OK))
        rc = fault_no_memory(fault);
    if (rc == RC_OK) {
        rc = store_copy(engine->store, batch, fault);
        commit_note_copying(engine, rc == RC_BUSY ? fault_why(fault) : NULL);
    }
    return rc;
}

static enum rc take_whole(struct engine *engine, const struct store_batch *batch, struct fault *fault)
{
    uint64_t began_us = monotonic_us(), first = batch->event_count ? batch->events[0].sequence : UINT64_MAX;
    struct live_note note = {.batch = NULL};

    engine->told += batch->event_count;
    live_note_begin(&note, engine->told <= TOLD_MAX ? engine->live : NULL);
    enum rc rc = fold_batch(engine, batch, &note, fault);
    if (rc == RC_OK)
        publish(engine, batch);
    else
        fold_abandon(&engine->fold);
    live_note_end(&note, engine->live, first, batch->counters.sequence, rc == RC_OK);
    if (rc != RC_OK)
        return rc;
    note_followed(engine, batch, began_us);
    return engine->starting ? note_start(engine, batch, fault) : RC_OK;
}

/* The log does not say whom an erasure erased. This node knows: its files may hold answers that name them.
 * id: room for it. */
static void name_erased(struct engine *engine, struct store_erasure *erasure, char id[IDENT_MAX_BYTES])
{
    struct text known = {NULL, 0};

    if (erasure->learner <= model_count(engine->model, ENTITY_LEARNER))
        known = view_id(engine->fold.view, ENTITY_LEARNER, erasure->learner);
    if (known.size <= IDENT_MAX_BYTES && known.size) {
        memcpy(id, known.bytes, known.size);
        erasure->id = id;
        erasure->id_size = known.size;
    }
}

/* Of an erasure that the log is rid of, a node that never held the person has nothing to do: one that is new
 * would else work through all that there ever were. Who knew the id has events that name them, perhaps. */
static enum rc drop_job(struct engine *engine, struct store_erasure *erasure, struct fault *fault)
{
    bool any = true;
    enum rc rc = erasure->id_size ? RC_OK : erase_jobs_look(engine->store, erasure, &any, fault);

    if (rc == RC_OK && !any) {
        erasure->own = erasure->named = NULL;
        erasure->own_size = erasure->named_size = 0;
    }
    return rc;
}

/* An answer is kept for a day by this node's clock, since by this it is judged: who decided it may have one
 * that is a day off. Not those of a start, which may be old. NULL: out of memory. */
static struct store_answer *stamp_answers(struct engine *engine, const struct store_batch *batch)
{
    struct store_answer *answers = malloc(batch->answer_count * sizeof *answers);

    for (size_t i = 0; answers && i < batch->answer_count; i++) {
        answers[i] = batch->answers[i];
        answers[i].at_ms = engine->policy.now_ms();
    }
    return answers;
}

static enum rc take(void *arg, const struct store_batch *batch, struct fault *fault)
{
    struct engine *engine = arg;
    struct store_batch own = *batch;
    struct store_answer *answers = NULL;
    struct store_erasure erasure;
    char id[IDENT_MAX_BYTES];
    enum rc rc = RC_OK;

    if (batch->erasure && !batch->erasure->id_size) {
        erasure = *batch->erasure;
        name_erased(engine, &erasure, id);
        if (erasure.clean)
            rc = drop_job(engine, &erasure, fault);
        own.erasure = &erasure;
    }
    if (rc != RC_OK)
        return rc;
    if (batch->answer_count && !engine->starting) {
        own.answers = answers = stamp_answers(engine, batch);
        if (!answers)
            return fault_no_memory(fault);
    }
    rc = take_whole(engine, &own, fault);
    free(answers);
    return rc;
}

enum rc others_begin(struct engine *engine, struct fault *fault)
{
    struct batch *batch = &engine->batch;
    struct log_head head;

    engine->told = 0;
    batch->now_ms = engine->policy.now_ms();
    uint64_t began_us = engine->others_room ? monotonic_us() : 0;
    enum rc rc = log_begin(engine->log, &engine->followed, take, engine, &head, fault);
    if (engine->others_room) {
        (void)pthread_mutex_lock(&engine->lock);
        engine->log_costs.turns++;
        engine->log_costs.turn_us += monotonic_us() - began_us;
        (void)pthread_mutex_unlock(&engine->lock);
    }
    if (rc != RC_OK)
        return rc;
    if (engine->others_room)
        atomic_store(&engine->reached_ms, monotonic_ms());
    engine->next_turn = head.turn.number + 1;
    batch->counters = head.counters;
    /* Another node's clock may be ahead: what follows its batch is not earlier. By a day: it is wrong. */
    if (head.at_ms > batch->now_ms && head.at_ms - batch->now_ms < DAY_MS)
        batch->now_ms = head.at_ms;
    return RC_OK;
}

enum rc others_catch_up(struct engine *engine, struct fault *fault)
{
    if (!engine->others_room)
        return RC_OK;
    engine->told = 0;
    return log_catch_up(engine->log, &engine->followed, take, engine, fault);
}

void others_follow(struct engine *engine)
{
    struct fault fault;
    enum rc rc = others_catch_up(engine, &fault);

    (void)pthread_mutex_lock(&engine->lock);
    engine->others_wrote = false;
    (void)pthread_mutex_unlock(&engine->lock);
    commit_answer_adopted(engine); /* another node has ended it */
    if (rc == RC_INTERNAL || rc == RC_CONFLICT)
        commit_note_broken(engine, log_name(engine->log), &fault);
}

void others_take_over(struct engine *engine)
{
    struct batch *batch = &engine->batch;
    uint64_t what = unfinished_due(&batch->unfinished);
    struct fault fault;
    enum rc rc = RC_OK;

    if (!what)
        return;
    (void)pthread_mutex_lock(&engine->lock);
    bool ends = engine->stopping || engine->state.broken;
    (void)pthread_mutex_unlock(&engine->lock);
    if (!ends && !adopting_take_over(batch, what, &rc, &fault))
        rc = settling_take_over(batch, (uint32_t)what, &fault);
    (void)rc; /* it is due again in some seconds */
}

/* Under the lock. */
static void wake_to_follow(struct engine *engine)
{
    engine->others_wrote = true;
    if (engine->sleeping)
        (void)pthread_cond_signal(&engine->work);
}

bool others_wait_turn(struct engine *engine, const struct log_turn *turn, uint64_t ms)
{
    int64_t until_ms = monotonic_ms() + (int64_t)ms, left_ms = (int64_t)ms;

    (void)pthread_mutex_lock(&engine->lock);
    engine->turn_waiters++;
    while (engine->state.turn < turn->number && left_ms > 0 && !engine->state.broken) {
        wake_to_follow(engine);
        (void)monotonic_wait(&engine->turned, &engine->lock, (uint64_t)left_ms);
        left_ms = until_ms - monotonic_ms();
    }
    engine->turn_waiters--;
    bool other = engine->state.turn == turn->number && turn->number &&
                 memcmp(&engine->state.turn_batch, &turn->batch, sizeof turn->batch) != 0;
    bool there = engine->state.turn >= turn->number && !other;
    if (other) /* following ends this node: what it shows is not in the log any more */
        wake_to_follow(engine);
    (void)pthread_mutex_unlock(&engine->lock);
    return there;
}
