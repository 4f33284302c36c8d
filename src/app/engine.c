#include "app/engine.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/batch.h"
#include "app/erase_jobs.h"
#include "app/live_batch.h"
#include "model/checkpoint.h"
#include "model/checkpoint_load.h"
#include "model/replay.h"
#include "model/revision.h"
#include "base/codec.h"
#include "base/monotonic.h"

enum {
    /* commands waiting; above that 503 at once. Fewer than there may be connections */
    QUEUE_MAX = 8192,
    /* a commit that takes longer: the disk hangs, so what comes is refused at once */
    STALL_MS = 5000,
    BATCH_MAX = 4096, /* commands per commit */
    LARGE_FROM = 64,  /* a command with so many reports or users waits in a line of its own, */
    /* of which so many at most are decided before the small ones are looked at again */
    LARGE_BATCH = 512,
    BLOCKED_MAX = 4096,         /* commands that wait for an edit of what they touch; above that 503 */
    REVISION_MS = 2,            /* what a revision takes between two batches */
    CHECKPOINT_EVENTS = 131072, /* replay at start stays short: measured 0.13 s for so many */
    CHECKPOINT_AFTER_MS = 5000, /* a quiet server's model is at most this old */
    /* after a failed commit: how often the engine looks whether there is room again */
    PROBE_MS = 1000,
    TAIL_MAX =
        1000000, /* uncheckpointed events: above that writes get 503 until the checkpoint file catches up */
    PROGRESS_EVERY = 1 << 16,
    LOOK_MS = 250,        /* how often an engine with nothing to do looks whether a checkpoint is due */
    SAY_EVERY_MS = 60000, /* what goes on failing is said again */
    SCRUB_AFTER_MS = 500, /* after a try that a reader was in the way of: each costs an fsync */
    SCRUB_LAST_MS = 2000, /* at the end it is worth a wait */
    TIDY_AFTER_MS = 1000, /* after a checkpoint, unless the next has come */
    REPLAY_CHECKPOINT =
        1 << 20, /* a long replay writes the model now and then, so that its tail stays bounded */
};

struct engine {
    struct store *store;
    struct policy policy;
    const struct live_sink *live; /* NULL: nobody watches */
    struct model *model;
    struct fold fold;
    struct batch batch;
    struct tail *tail;
    int64_t probed_ms;       /* monotonic, when it last looked for room; the engine's thread alone */
    struct erase_jobs *jobs; /* what erasures have still to take out of the event file */
    int64_t jobs_after_ms;   /* monotonic; a step failed before */
    bool scrub;              /* somebody was erased: the event file's log still holds copies */
    int64_t scrub_after_ms;  /* monotonic; a reader was in the way before */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work, checkpoint_work;
    struct line {
        struct command *head, *last;
        uint32_t count;
    } small, large;        /* what waits; a row of large commands is not in the way of small ones */
    int64_t busy_since_ms; /* monotonic, when the engine began with the batch it is working on; 0: none */
    bool stopping, sleeping, threads_run;
    struct checkpoint *checkpoint; /* taken, being written by the checkpointer */
    bool checkpoint_over, checkpoint_ok;
    struct engine_state state;

    struct revision *revision; /* the engine's thread's, likewise below; NULL: none is under way */
    enum revision_phase phase;
    struct command *revising; /* answered when its revision is shown */
    struct line blocked;      /* what waits for it */

    pthread_t engine_thread, checkpointer;
    int64_t last_checkpoint_ms;
};

/* ---- start ---- */

struct tail_replay {
    struct replay replay;
    struct engine *engine;
    uint64_t folded, since_checkpoint;
    void (*progress)(uint64_t folded);
    enum rc rc;
    struct fault *fault;
};

static bool take_event(void *arg, const struct stored_event *stored)
{
    struct tail_replay *tail = arg;

    tail->rc = replay_event(&tail->replay, stored);
    tail_add(tail->engine->tail, stored, 1);
    tail->folded++;
    tail->since_checkpoint++;
    if (tail->rc == RC_OK && tail->replay.pending == 0 && tail->engine->policy.stop &&
        tail->engine->policy.stop())
        tail->rc = RC_BUSY;
    if (tail->progress && tail->folded % PROGRESS_EVERY == 0)
        tail->progress(tail->folded);
    if (tail->rc == RC_OK && tail->since_checkpoint >= REPLAY_CHECKPOINT && tail->replay.pending == 0) {
        enum rc checkpointed = engine_checkpoint(tail->engine, tail->fault);
        (void)checkpointed; /* on a full disk it starts all the same, and folds the same events next time */
        tail->since_checkpoint = 0;
    }
    return tail->rc == RC_OK;
}

static enum rc replay_tail(struct engine *engine, void (*progress)(uint64_t), struct fault *fault)
{
    struct tail_replay tail = {.engine = engine, .progress = progress, .fault = fault};

    if (replay_init(&tail.replay, &engine->fold) != RC_OK)
        return fault_no_memory(fault);
    tail.replay.judge = engine->policy.judge;
    enum rc rc = store_each_event(engine->store, engine->model->published, take_event, &tail, fault);
    if (rc == RC_OK)
        replay_publish(&tail.replay);
    if (tail.rc == RC_INTERNAL)
        rc = fault_set(fault, RC_INTERNAL, NULL, "an event cannot be read; restore a backup");
    if (tail.rc == RC_INVALID)
        rc = fault_set(fault, RC_INVALID, NULL, tail.replay.judge->problem);
    replay_done(&tail.replay);
    return rc;
}

static enum rc load_checkpoint(struct engine *engine, void (*progress)(uint64_t), struct fault *fault)
{
    enum rc rc = model_new(&engine->model);

    if (rc == RC_OK)
        rc = checkpoint_load(engine->model, engine->store, fault);
    if (rc == RC_CONFLICT) { /* made again from the events */
        model_free(engine->model);
        engine->model = NULL;
        rc = store_checkpoint_discard(engine->store, fault);
        if (rc == RC_OK)
            rc = model_new(&engine->model);
        if (rc == RC_OK)
            rc = checkpoint_load(engine->model, engine->store, fault);
    }
    if (rc == RC_OK)
        rc = fold_init(&engine->fold, engine->model);
    if (rc == RC_OK)
        rc = replay_tail(engine, progress, fault);
    return rc;
}

enum rc engine_new(struct store *store, const struct policy *policy, void (*progress)(uint64_t folded),
                   struct engine **out_engine, struct fault *fault)
{
    struct engine *engine = calloc(1, sizeof *engine);

    if (!engine)
        return fault_no_memory(fault);
    engine->store = store;
    engine->policy = *policy;
    (void)pthread_mutex_init(&engine->lock, NULL); /* default attributes cannot fail */
    (void)pthread_cond_init(&engine->work, NULL);  /* likewise */
    (void)pthread_cond_init(&engine->checkpoint_work, NULL);
    arena_init(&engine->batch.arena);
    enum rc rc =
        tail_new(&engine->tail) == RC_OK ? load_checkpoint(engine, progress, fault) : fault_no_memory(fault);
    if (rc == RC_OK)
        rc = erase_jobs_new(store, &engine->jobs, fault);
    if (rc == RC_OK)
        rc = log_totals_new(store, &engine->batch.logs.totals, fault);
    if (rc != RC_OK) {
        engine_free(engine);
        return rc;
    }
    engine->batch.fold = &engine->fold;
    engine->batch.store = store;
    engine->batch.history = (struct history){store, engine->tail, engine->model};
    engine->batch.policy = &engine->policy;
    engine->batch.counters = store_counters(store);
    rc = settling_resume(engine, &engine->batch, fault);
    if (rc == RC_OK)
        rc = adopting_resume(&engine->batch, fault);
    if (rc != RC_OK) {
        engine_free(engine);
        return rc;
    }
    engine->state.sequence = engine->model->published;
    engine->state.checkpointed = store_checkpoint_sequence(store);
    *out_engine = engine;
    return RC_OK;
}

void engine_set_live(struct engine *engine, const struct live_sink *live)
{
    engine->live = live;
}

const struct history *engine_history(struct engine *engine)
{
    return &engine->batch.history;
}

struct log_totals *engine_log_totals(struct engine *engine)
{
    return engine->batch.logs.totals;
}

struct model *engine_model(struct engine *engine)
{
    return engine->model;
}

struct store *engine_store(struct engine *engine)
{
    return engine->store;
}

/* Lock held. */
static bool is_stalled(const struct engine *engine)
{
    return engine->busy_since_ms && monotonic_ms() - engine->busy_since_ms > STALL_MS;
}

/* Lock held. */
static bool is_behind(const struct engine *engine)
{
    return engine->state.sequence - engine->state.checkpointed > TAIL_MAX;
}

/* Lock held. */
static uint32_t queued(const struct engine *engine)
{
    return engine->small.count + engine->large.count;
}

struct engine_state engine_state(struct engine *engine)
{
    (void)pthread_mutex_lock(&engine->lock);
    struct engine_state state = engine->state;
    state.queued = queued(engine);
    state.stalled = is_stalled(engine);
    state.behind = is_behind(engine);
    state.writable = !state.failing_since_ms && !state.stalled && !state.behind && !state.broken;
    (void)pthread_mutex_unlock(&engine->lock);
    return state;
}

/* ---- one batch ---- */

/* After an erasure: a reader in the way is a reason to try again, a moment later. */
static void scrub_events(struct engine *engine)
{
    struct fault fault;

    if (!engine->scrub || monotonic_ms() < engine->scrub_after_ms)
        return;
    if (store_scrub_events(engine->store, &fault) == RC_OK)
        engine->scrub = false;
    else
        engine->scrub_after_ms = monotonic_ms() + SCRUB_AFTER_MS;
}

/* Before the store is closed. */
static void scrub_last(struct engine *engine)
{
    const struct timespec pause = {0, 50000000};
    int64_t until_ms = monotonic_ms() + SCRUB_LAST_MS;

    while (engine->scrub && !engine->state.broken && monotonic_ms() < until_ms) {
        engine->scrub_after_ms = 0;
        scrub_events(engine);
        if (engine->scrub)
            (void)nanosleep(&pause, NULL); /* cut short is fine */
    }
}

/* A few milliseconds of what erasures have left to do; between two batches. */
static void erase_some(struct engine *engine)
{
    struct fault fault;
    bool finished = false;

    if (!erase_jobs_pending(engine->jobs) || monotonic_ms() < engine->jobs_after_ms)
        return;
    enum rc rc = erase_jobs_step(engine->jobs, &finished, &fault);
    engine->scrub |= finished;
    if (rc != RC_OK)
        engine->jobs_after_ms = monotonic_ms() + SCRUB_AFTER_MS;
    if (rc == RC_INTERNAL) {
        (void)pthread_mutex_lock(&engine->lock);
        engine->state.broken = true;
        engine->state.writable = false;
        (void)pthread_mutex_unlock(&engine->lock);
    }
}

/* Before the store is closed: all of it, unless that fails; the next start goes on then. */
static void erase_rest(struct engine *engine)
{
    struct fault fault;
    enum rc rc = RC_OK;

    while (rc == RC_OK && engine->jobs && erase_jobs_pending(engine->jobs)) {
        bool finished;
        rc = erase_jobs_step(engine->jobs, &finished, &fault);
        engine->scrub |= finished;
    }
}

static void batch_clear(struct batch *batch)
{
    batch->watched = batch->unnoted = batch->rights = false;
    arena_done(&batch->arena);
    batch->event_count = 0;
    batch_logs_clear(batch);
    adopting_abandon(batch);
    batch->erasure = NULL;
}

/* A command that must see all before it published, and be alone: it looks at published holders. */
static bool stands_alone(const struct command *command)
{
    return command->kind == CMD_COURSE_PUT || command->kind == CMD_COURSE_DELETE ||
           command->kind == CMD_ERASE;
}

static bool is_alone(const struct engine *engine, const struct command *command)
{
    return stands_alone(command) || brings_many(engine->fold.view, command);
}

static void decide(struct batch *batch, struct command *command)
{
    command->learner_key =
        command->learner.bytes
            ? view_learner_key(batch->fold->view, command->learner.bytes, command->learner.size)
            : 0;
    command->at_ms = batch_instant(batch, command, command->learner_key);
    switch (command->kind) {
    case CMD_ENROL:
    case CMD_DROP:
    case CMD_EXPIRE:
    case CMD_CERTIFY:
        command->rc = decide_enrolment(batch, command);
        break;
    case CMD_LOG_ADD:
    case CMD_LOG_UPDATE:
    case CMD_LOG_DELETE:
    case CMD_LOGS_CLEAR:
    case CMD_LOGS_ROLL_BACK:
        command->rc = decide_log(batch, command);
        break;
    case CMD_COURSE_PUT:
    case CMD_COURSE_DELETE:
        command->rc = decide_course(batch, command);
        break;
    case CMD_ERASE:
        command->rc = decide_erase(batch, command);
        break;
    default:
        command->rc = decide_progress(batch, command);
        break;
    }
    if (command->rc == RC_OK && command->answer_key && !command->split)
        command->encode(command, batch->fold->view);
}

/* Ids that this batch's events are the first to use. */
static enum rc collect_ids(struct engine *engine, struct store_id **out_ids, size_t *out_count)
{
    struct model *model = engine->model;
    struct batch *batch = &engine->batch;
    size_t room = 0, count = 0;
    struct store_id *ids = NULL;
    uint32_t *highest[] = {&model->learner_count, &model->course_count, &model->item_count};

    for (int kind = 0; kind < 3; kind++)
        for (uint32_t key = *highest[kind]; key > 0; key--) {
            /* New ones are at the end; those that a failed batch left there are still to be stored. */
            const char *id;
            uint32_t size;
            bool persisted;
            if (kind == 0) {
                id = model->learners[key]->id, size = model->learners[key]->id_size;
                persisted = model->learners[key]->persisted;
            } else if (kind == 1) {
                id = model->courses[key]->id, size = model->courses[key]->id_size;
                persisted = model->courses[key]->persisted;
            } else {
                id = model->items[key]->id, size = model->items[key]->id_size;
                persisted = model->items[key]->persisted;
            }
            if (persisted)
                break;
            if (count == room) {
                size_t more = room ? room * 2 : 64;
                struct store_id *grown = arena_alloc(&batch->arena, more * sizeof *grown);
                if (!grown)
                    return RC_BUSY;
                if (count)
                    memcpy(grown, ids, count * sizeof *grown);
                ids = grown;
                room = more;
            }
            ids[count++] = (struct store_id){(enum store_id_kind)kind, key, id, size};
        }
    *out_ids = ids;
    *out_count = count;
    return RC_OK;
}

static void ids_persisted(struct model *model, const struct store_id *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i].kind == STORE_LEARNER)
            model->learners[ids[i].key]->persisted = true;
        else if (ids[i].kind == STORE_COURSE)
            model->courses[ids[i].key]->persisted = true;
        else
            model->items[ids[i].key]->persisted = true;
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

/* Answers to be remembered with the events that they tell of. */
static enum rc collect_answers(struct engine *engine, struct command *commands, struct store_answer **out,
                               size_t *out_count)
{
    size_t count = 0;

    for (struct command *command = commands; command; command = command->next)
        count += command->rc == RC_OK && command->answer_key && !command->split;
    *out_count = count;
    *out = count ? arena_alloc(&engine->batch.arena, count * sizeof **out) : NULL;
    if (count && !*out)
        return RC_BUSY;
    count = 0;
    for (struct command *command = commands; command; command = command->next) {
        if (command->rc != RC_OK || !command->answer_key || command->split)
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
    rc = store_commit(engine->store, &what, fault);
    if (rc == RC_OK)
        ids_persisted(engine->model, ids, id_count);
    *out_wrote = rc == RC_OK;
    return rc;
}

/* A commit failed, or one succeeded while they failed. They succeed again when there is room for more than
 * what happened to fit: a full disk still takes a small write now and then, and who asks must not hear yes
 * and no in turn (R10). Also asked by an engine with nothing to do, so that a server which gets no writes
 * because it is not ready becomes ready. */
static void note_failing(struct engine *engine, bool failed, const char *why)
{
    bool failing = engine->state.failing_since_ms != 0; /* written by this thread alone */
    int64_t now_ms = monotonic_ms();

    if (failed == failing)
        return;
    if (!failed && now_ms - engine->probed_ms < PROBE_MS)
        return;
    engine->probed_ms = now_ms;
    if (!failed && !store_has_room(engine->store))
        return;
    (void)pthread_mutex_lock(&engine->lock);
    engine->state.failing_since_ms = failed ? engine->policy.now_ms() : 0;
    (void)pthread_mutex_unlock(&engine->lock);
    if (engine->policy.say)
        engine->policy.say("events.db", !failed ? "writes succeed again" : why ? why : "a write failed");
}

static void answer_all(struct engine *engine, struct command *commands);

/* To those who watch, once it is published or never was. The look at whether anybody does comes after the
 * publish: who came in between is told what nobody noted (core/live.h). */
static void tell_watchers(struct engine *engine, uint64_t first, bool published)
{
    const struct live_sink *live = engine->live;
    struct batch *batch = &engine->batch;

    if (published && batch->event_count && live && live->is_watched(live->of)) {
        bool whole = batch->live && !batch->unnoted;
        if (whole)
            live_batch_seal(batch->live);
        live->take(live->of, whole ? batch->live : NULL, first, batch->counters.sequence, batch->rights);
        batch->live = whole ? NULL : batch->live;
    }
    if (batch->live)
        live->drop(batch->live);
    batch->live = NULL;
}

/* Commits what was decided and publishes it, or forgets it; every command has its result afterwards. */
static enum rc finish_batch(struct engine *engine, struct command *commands, enum rc rc,
                            const char *ledger_key, const char *ledger_value, struct fault *fault)
{
    struct batch *batch = &engine->batch;
    size_t events = batch->event_count;
    uint64_t first = batch->counters.sequence - events + 1;
    bool wrote = false;

    struct revision *revision = NULL;
    struct command *adopted = NULL; /* all whom it adopts are enrolled with this batch */
    if (rc == RC_OK && !ledger_key)
        rc = adopting_note(batch, &ledger_value, fault);
    if (rc == RC_OK && !ledger_key && ledger_value)
        ledger_key = ADOPTING_LEDGER;
    if (rc == RC_OK && engine->fold.deferred)
        rc = revision_new(&engine->fold, &revision);
    if (rc == RC_OK)
        rc = tail_reserve(engine->tail, events) ? fold_reserve(&engine->fold) : RC_BUSY;
    if (rc == RC_OK)
        rc = commit(engine, commands, ledger_key, ledger_value, &wrote, fault);
    if (rc == RC_OK) {
        tail_add(engine->tail, batch->events, events); /* before the publish: what is shown can be traced */
        batch_logs_publish(batch);
        adopted = adopting_publish(batch);
        if (batch->erasure)
            settling_forget(batch, batch->erasure->learner);
        if (batch->erasure)
            log_totals_set(batch->logs.totals,
                           &(struct log_total){.kept = {.learner = batch->erasure->learner}});
        if (revision) {
            revision_take(revision, &engine->fold);
            engine->revision = revision;
            engine->phase = REVISION_PREPARING;
            engine->revising = commands;
        } else if (events) {
            fold_publish(&engine->fold, batch->counters.sequence);
        }
        if (batch->erasure) { /* their row leaves the checkpoint file with the next checkpoint, at once */
            if (batch->erasure->own)
                (void)erase_jobs_add(engine->jobs,
                                     batch->erasure); /* out of memory: the next start does it */
            engine->scrub = true;
            engine->last_checkpoint_ms = INT64_MIN / 2;
        }
    } else {
        revision_free(revision);
        fold_abandon(&engine->fold);
        batch->counters = store_counters(engine->store);
        for (struct command *command = commands; command; command = command->next) {
            command->rc = RC_BUSY;
            command->fault = (struct fault){NULL, "the change could not be stored; try again"};
        }
    }
    tell_watchers(engine, first, rc == RC_OK);
    (void)pthread_mutex_lock(&engine->lock);
    engine->state.broken |= rc == RC_INTERNAL;
    engine->state.sequence = batch->counters.sequence;
    engine->state.batches++;
    engine->state.events += rc == RC_OK ? events : 0;
    (void)pthread_mutex_unlock(&engine->lock);
    batch_clear(batch);
    if (rc != RC_OK || wrote)
        note_failing(engine, rc != RC_OK, fault->message);
    if (adopted)
        answer_all(engine, adopted);
    return rc;
}

/* Decides, commits, publishes. */
static enum rc run_batch(struct engine *engine, struct command *commands, const char *ledger_key,
                         const char *ledger_value, struct fault *fault)
{
    struct batch *batch = &engine->batch;
    enum rc rc = RC_OK;

    batch->now_ms = engine->policy.now_ms();
    batch->watched = engine->live && engine->live->is_watched(engine->live->of);
    for (struct command *command = commands; command && rc == RC_OK; command = command->next) {
        decide(batch, command);
        if (command->rc == RC_BUSY)
            rc = fault_set(fault, RC_BUSY, NULL, command->fault.message);
    }
    if (rc == RC_OK)
        rc = settling_step(batch, fault);
    if (rc == RC_OK && batch->adoptions.later && !engine->revision && !engine->fold.deferred &&
        !(commands && is_alone(engine, commands)))
        rc = adopting_step(batch, fault);
    return finish_batch(engine, commands, rc, ledger_key, ledger_value, fault);
}

enum rc engine_run(struct engine *engine, struct command *commands, const char *ledger_key,
                   const char *ledger_value, struct fault *fault)
{
    return run_batch(engine, commands, ledger_key, ledger_value, fault);
}

enum rc engine_set_threshold(struct engine *engine, uint16_t threshold_hundredths, struct fault *fault)
{
    struct batch *batch = &engine->batch;
    uint8_t body[VARINT_MAX_BYTES];
    struct event event = {
        .kind = EV_THRESHOLD_SET, .face = FACE_CATALOG, .at_ms = engine->policy.now_ms(), .body = body};

    if (engine->model->threshold_hundredths == threshold_hundredths)
        return RC_OK;
    event.body_size = (uint32_t)(put_u64(body, threshold_hundredths) - body);
    enum rc rc = batch_emit(batch, &event, fault);
    return finish_batch(engine, NULL, rc, NULL, NULL, fault);
}

/* ---- the engine's thread ---- */

/* How many learners' or items' states the command works on. */
static uint32_t weight_of(const struct command *command)
{
    uint32_t weight = command->report_count + command->user_count;
    return stands_alone(command) ? LARGE_BATCH : weight ? weight : 1;
}

static void join(struct line *line, struct command *command)
{
    command->next = NULL;
    if (line->last)
        line->last->next = command;
    else
        line->head = command;
    line->last = command;
    line->count++;
}

/* All that waits and is small, then a little of what is large: who sends a small write waits for one large
 * command of others at most, not for all that came before. Lock held. */
static struct command *take_waiting(struct engine *engine)
{
    struct line taken = engine->small;
    uint32_t weight = 0;

    for (struct command *next; engine->large.head && weight < LARGE_BATCH; engine->large.head = next) {
        struct command *command = engine->large.head;
        next = command->next;
        weight += weight_of(command);
        engine->large.count--;
        join(&taken, command);
    }
    if (!engine->large.head)
        engine->large.last = NULL;
    engine->small = (struct line){NULL, NULL, 0};
    return taken.head;
}

/* Cuts a batch off a chain: at most BATCH_MAX; an edit alone, and what may work like one; what is large not
 * with what is small, which would wait for it. Returns what is left for the next. */
static struct command *cut_batch(const struct engine *engine, struct command *first)
{
    struct command *last = first;
    uint32_t weight = weight_of(first);
    bool large = weight >= LARGE_FROM;

    if (!is_alone(engine, first))
        for (uint32_t count = 1; last->next && count < BATCH_MAX && !is_alone(engine, last->next); count++) {
            uint32_t more = weight_of(last->next);
            if ((more >= LARGE_FROM) != large || (large && weight + more > LARGE_BATCH))
                break;
            weight += more;
            last = last->next;
        }
    struct command *rest = last->next;
    last->next = NULL;
    return rest;
}

static void answer_all(struct engine *engine, struct command *commands)
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

/* What became of the checkpoint that was written goes on the record. Lock held. */
static void note_checkpoint(struct engine *engine)
{
    struct engine_state *state = &engine->state;

    if (engine->checkpoint_ok)
        state->checkpointed = checkpoint_sequence(engine->checkpoint);
    if (engine->checkpoint_ok)
        state->too_long = checkpoint_too_long(engine->checkpoint);
    if (engine->checkpoint_ok)
        state->checkpoint_failing_since_ms = 0;
    else if (!state->checkpoint_failing_since_ms)
        state->checkpoint_failing_since_ms = engine->policy.now_ms();
}

/* Hands a checkpoint to the checkpointer when enough has changed and it has nothing to do. Lock held, but not
 * while the checkpoint is taken or given back: its cost depends on what has changed. */
static void consider_checkpoint(struct engine *engine)
{
    struct checkpoint *checkpoint = engine->checkpoint;

    if (checkpoint) {
        if (!engine->checkpoint_over)
            return;
        bool written = engine->checkpoint_ok;
        note_checkpoint(engine);
        engine->checkpoint = NULL;
        (void)pthread_mutex_unlock(&engine->lock);
        checkpoint_done(checkpoint, engine->model, written);
        (void)pthread_mutex_lock(&engine->lock);
    }
    if (engine->revision)
        return; /* its event is before others that are published: there is no one sequence to take */
    uint64_t tail = engine->state.sequence - engine->state.checkpointed;
    int64_t now_ms = monotonic_ms();
    bool urgent = tail >= CHECKPOINT_EVENTS && !engine->state.checkpoint_failing_since_ms;
    if ((tail == 0 && !engine->model->scrub_owed) ||
        (!urgent && now_ms - engine->last_checkpoint_ms < CHECKPOINT_AFTER_MS))
        return;
    engine->last_checkpoint_ms = now_ms;
    (void)pthread_mutex_unlock(&engine->lock);
    enum rc rc = checkpoint_take(engine->model, engine->tail, &checkpoint);
    (void)pthread_mutex_lock(&engine->lock);
    if (rc != RC_OK || !checkpoint)
        return; /* out of memory: the next batch tries again */
    engine->checkpoint = checkpoint;
    engine->checkpoint_over = false;
    (void)pthread_cond_signal(&engine->checkpoint_work);
}

static void wait_for_work(struct engine *engine)
{
    bool dirty = engine->state.sequence != engine->state.checkpointed || engine->scrub ||
                 erase_jobs_pending(engine->jobs) || engine->model->scrub_owed ||
                 engine->state.failing_since_ms;

    engine->sleeping = true;
    if (dirty)
        (void)monotonic_wait(&engine->work, &engine->lock,
                             LOOK_MS); /* wakes to checkpoint, though nobody writes */
    else
        (void)pthread_cond_wait(&engine->work, &engine->lock);
    engine->sleeping = false;
}

/* ---- edits that touch very many ---- */

static bool is_revised(const struct engine *engine, struct text item_id, struct text course_id)
{
    struct view view = engine->fold.view;
    const struct course_slot *course =
        course_id.bytes ? view_course_slot(view, view_course_key(view, course_id.bytes, course_id.size))
                        : NULL;
    const struct item_slot *item =
        item_id.bytes ? view_item_slot(view, view_item_key(view, item_id.bytes, item_id.size)) : NULL;
    const struct course_slot *own =
        item && item->def ? view_course_slot(view, item->def->course ? item->def->course : item->def->bound)
                          : NULL;

    return (course && course->revised) || (item && item->revised) || (own && own->revised);
}

/* Whether a command must wait for the revision under way: other edits and erasures until it is over, what it
 * touches until it is shown. */
static bool must_wait(const struct engine *engine, const struct command *command)
{
    if (is_alone(engine, command))
        return true;
    if (engine->phase != REVISION_PREPARING ||
        (command->kind >= CMD_LOG_ADD && command->kind <= CMD_LOGS_ROLL_BACK))
        return false;
    for (uint32_t i = 0; command->kind == CMD_REPORTS && i < command->report_count; i++)
        if (is_revised(engine, command->reports[i].item, command->reports[i].course))
            return true;
    return command->kind != CMD_REPORTS && is_revised(engine, command->item, command->course);
}

static void block(struct engine *engine, struct command *command)
{
    command->next = NULL;
    if (engine->blocked.count == BLOCKED_MAX) {
        command->rc = RC_BUSY;
        command->fault = (struct fault){NULL, "the course is being edited; try again"};
        answer_all(engine, command);
        return;
    }
    join(&engine->blocked, command);
}

/* Parks what must wait; returns the others, in order. */
static struct command *set_aside(struct engine *engine, struct command *commands)
{
    struct command *first = NULL, **end = &first;

    if (!engine->revision)
        return commands;
    for (struct command *command = commands, *next; command; command = next) {
        next = command->next;
        if (must_wait(engine, command)) {
            block(engine, command);
        } else {
            *end = command;
            end = &command->next;
        }
    }
    *end = NULL;
    return first;
}

/* A few milliseconds of the revision; who waits for it goes before the others when that may be over. */
static struct command *revise(struct engine *engine, struct command *commands)
{
    enum revision_phase before = engine->phase;

    engine->phase = revision_step(engine->revision, REVISION_MS);
    if (engine->phase == before)
        return commands;
    if (before == REVISION_PREPARING && engine->live)
        engine->live->rights_changed(engine->live->of);
    if (before == REVISION_PREPARING) {
        if (engine->revising)
            answer_all(engine, engine->revising);
        engine->revising = NULL;
    }
    if (engine->phase == REVISION_OVER) {
        revision_free(engine->revision);
        engine->revision = NULL;
    }
    if (!engine->blocked.head)
        return commands;
    engine->blocked.last->next = commands;
    commands = engine->blocked.head;
    engine->blocked = (struct line){NULL, NULL, 0};
    return commands;
}

/* ---- the engine's thread ---- */

static void run_all(struct engine *engine, struct command *commands)
{
    commands = set_aside(engine, commands);
    while (commands || engine->revision) {
        struct fault fault = {NULL, NULL};
        if (commands && is_alone(engine, commands) && engine->batch.adoptions.first && !engine->revision)
            (void)run_batch(engine, NULL, NULL, NULL,
                            &fault); /* which gets no further with those; else tried again later */
        if (commands) {
            struct command *rest = cut_batch(engine, commands);
            engine->fold.may_defer = commands->kind != CMD_ERASE && is_alone(engine, commands);
            (void)run_batch(engine, commands, NULL, NULL, &fault); /* each command carries its result */
            engine->fold.may_defer = false;
            scrub_events(engine);
            if (engine->revising != commands)
                answer_all(engine, commands);
            else if (commands->split) { /* decided anew when the item is in its course */
                engine->revising = NULL;
                block(engine, commands);
            }
            erase_some(engine);
            commands = rest;
        }
        if (!engine->revision)
            continue;
        commands = set_aside(engine, revise(engine, commands));
        if (!commands)
            break; /* others may have come */
    }
}

static void *engine_main(void *arg)
{
    struct engine *engine = arg;

    (void)pthread_setname_np(pthread_self(), "engine"); /* for who looks at the threads; 15 bytes at most */
    (void)pthread_mutex_lock(&engine->lock);
    for (;;) {
        consider_checkpoint(engine);
        struct command *commands = take_waiting(engine);
        /* what follows its event need not wait for others */
        if (!commands && !engine->revision &&
            (engine->batch.logs.settlings.first || (engine->batch.adoptions.first && !engine->stopping))) {
            struct fault fault = {NULL, NULL};
            engine->busy_since_ms = monotonic_ms();
            (void)pthread_mutex_unlock(&engine->lock);
            enum rc rc = run_batch(engine, NULL, NULL, NULL, &fault);
            (void)pthread_mutex_lock(&engine->lock);
            engine->busy_since_ms = 0;
            if (rc == RC_OK || !engine->stopping) {
                if (rc != RC_OK)
                    (void)monotonic_wait(&engine->work, &engine->lock,
                                         LOOK_MS); /* the disk may be full: a moment later */
                continue;
            }
        }
        if (!commands && !engine->revision) {
            if (engine->stopping)
                break;
            if (erase_jobs_pending(engine->jobs) && monotonic_ms() >= engine->jobs_after_ms) {
                (void)pthread_mutex_unlock(&engine->lock);
                erase_some(engine);
                (void)pthread_mutex_lock(&engine->lock);
                continue;
            }
            wait_for_work(engine);
            if (engine->scrub || engine->state.failing_since_ms) {
                (void)pthread_mutex_unlock(&engine->lock);
                scrub_events(engine); /* a reader was in the way before */
                note_failing(engine, false, NULL);
                (void)pthread_mutex_lock(&engine->lock);
            }
            continue;
        }
        engine->busy_since_ms = monotonic_ms();
        (void)pthread_mutex_unlock(&engine->lock);
        run_all(engine, commands);
        (void)pthread_mutex_lock(&engine->lock);
        engine->busy_since_ms = 0;
    }
    (void)pthread_mutex_unlock(&engine->lock);
    for (struct command *command; (command = adopting_give_up(&engine->batch));)
        answer_all(engine, command); /* the next start goes on with it */
    return NULL;
}

/* ---- the checkpointer ---- */

/* Until there is one, or the end. What the changes before the last one left free in the C library's heaps, up
 * to as much again as is in use, goes back to the system. */
static void wait_for_checkpoint(struct engine *engine, bool *inout_untidy)
{
    while (!(engine->checkpoint && !engine->checkpoint_over) && engine->threads_run) {
        if (!*inout_untidy) {
            (void)pthread_cond_wait(&engine->checkpoint_work, &engine->lock);
        } else if (!monotonic_wait(&engine->checkpoint_work, &engine->lock, TIDY_AFTER_MS)) {
            (void)pthread_mutex_unlock(&engine->lock);
            (void)malloc_trim(0); /* nothing to give back is fine */
            (void)pthread_mutex_lock(&engine->lock);
            *inout_untidy = false;
        }
    }
}

/* The operator hears of it at once, then once a minute. */
static void say_checkpoint(const struct engine *engine, enum rc rc, uint32_t too_long,
                           const struct fault *fault, int64_t *inout_said_ms)
{
    int64_t now_ms = monotonic_ms();

    if ((rc == RC_OK && !too_long) || !engine->policy.say || now_ms - *inout_said_ms < SAY_EVERY_MS)
        return;
    *inout_said_ms = now_ms;
    engine->policy.say("checkpoint.db",
                       rc == RC_OK
                           ? "a learner's state is too long for a row; each start will fold all events"
                           : fault->message);
}

static void *checkpointer_main(void *arg)
{
    struct engine *engine = arg;
    bool untidy = true; /* as a long replay leaves it */
    int64_t said_ms = INT64_MIN / 2;

    (void)pthread_setname_np(pthread_self(),
                             "checkpointer"); /* for who looks at the threads; 15 bytes at most */
    (void)pthread_mutex_lock(&engine->lock);
    for (;;) {
        wait_for_checkpoint(engine, &untidy);
        if (!(engine->checkpoint && !engine->checkpoint_over))
            break;
        struct checkpoint *checkpoint = engine->checkpoint;
        struct fault fault = {NULL, NULL};
        (void)pthread_mutex_unlock(&engine->lock);
        enum rc rc = checkpoint_write(checkpoint, engine->store, &fault);
        say_checkpoint(engine, rc, checkpoint_too_long(checkpoint), &fault, &said_ms);
        (void)pthread_mutex_lock(&engine->lock);
        engine->checkpoint_ok = rc == RC_OK;
        engine->checkpoint_over = true;
        untidy = true;
        if (engine->sleeping)
            (void)pthread_cond_signal(&engine->work);
    }
    (void)pthread_mutex_unlock(&engine->lock);
    return NULL;
}

/* ---- outside ---- */

enum rc engine_start(struct engine *engine, struct fault *fault)
{
    engine->threads_run = true;
    engine->batch.adoptions.later = true;
    if (pthread_create(&engine->checkpointer, NULL, checkpointer_main, engine) != 0) {
        engine->threads_run = false;
        return fault_set(fault, RC_BUSY, NULL, "cannot start a thread");
    }
    if (pthread_create(&engine->engine_thread, NULL, engine_main, engine) != 0) {
        (void)pthread_mutex_lock(&engine->lock);
        engine->threads_run = false;
        (void)pthread_cond_signal(&engine->checkpoint_work);
        (void)pthread_mutex_unlock(&engine->lock);
        (void)pthread_join(engine->checkpointer, NULL);
        return fault_set(fault, RC_BUSY, NULL, "cannot start a thread");
    }
    return RC_OK;
}

struct command *engine_submit(struct engine *engine, struct command *commands, struct fault *fault)
{
    (void)pthread_mutex_lock(&engine->lock);
    bool open = !engine->stopping && !engine->state.broken && !is_stalled(engine) && !is_behind(engine);
    while (commands && open && queued(engine) < QUEUE_MAX) {
        struct command *command = commands;
        commands = command->next;
        join(weight_of(command) < LARGE_FROM ? &engine->small : &engine->large, command);
    }
    if (queued(engine) && engine->sleeping)
        (void)pthread_cond_signal(&engine->work);
    (void)pthread_mutex_unlock(&engine->lock);
    if (commands)
        (void)fault_set(fault, RC_BUSY, NULL,
                        "the server is busy; try again"); /* its rc is the return value */
    return commands;
}

enum rc engine_checkpoint(struct engine *engine, struct fault *fault)
{
    struct checkpoint *checkpoint;
    enum rc rc = checkpoint_take(engine->model, engine->tail, &checkpoint);

    if (rc != RC_OK)
        return fault_set(fault, rc, NULL, "out of memory");
    if (!checkpoint)
        return RC_OK;
    rc = checkpoint_write(checkpoint, engine->store, fault);
    if (rc == RC_OK)
        engine->state.checkpointed = checkpoint_sequence(checkpoint);
    checkpoint_done(checkpoint, engine->model, rc == RC_OK);
    return rc;
}

static void stop_threads(struct engine *engine)
{
    (void)pthread_mutex_lock(&engine->lock);
    engine->stopping = true;
    (void)pthread_cond_signal(&engine->work);
    (void)pthread_mutex_unlock(&engine->lock);
    (void)pthread_join(engine->engine_thread, NULL);
    (void)pthread_mutex_lock(&engine->lock);
    engine->threads_run = false;
    (void)pthread_cond_signal(&engine->checkpoint_work);
    (void)pthread_mutex_unlock(&engine->lock);
    (void)pthread_join(engine->checkpointer, NULL);
    if (engine->checkpoint) {
        checkpoint_done(engine->checkpoint, engine->model, engine->checkpoint_over && engine->checkpoint_ok);
        engine->checkpoint = NULL;
    }
}

void engine_free(struct engine *engine)
{
    struct fault fault;

    if (!engine)
        return;
    if (engine->threads_run)
        stop_threads(engine);
    if (engine->model && engine->fold.model && !engine->state.broken) {
        enum rc checkpointed = engine_checkpoint(engine, &fault);
        (void)checkpointed; /* if it fails, the next start folds the tail again */
    }
    erase_rest(engine);
    scrub_last(engine);
    erase_jobs_free(engine->jobs);
    fold_done(&engine->fold);
    model_free(engine->model);
    tail_free(engine->tail);
    free(engine->batch.events);
    batch_logs_done(&engine->batch.logs);
    adoptions_done(&engine->batch.adoptions);
    arena_done(&engine->batch.arena);
    (void)pthread_mutex_destroy(&engine->lock);
    (void)pthread_cond_destroy(&engine->work);
    (void)pthread_cond_destroy(&engine->checkpoint_work);
    free(engine);
}
