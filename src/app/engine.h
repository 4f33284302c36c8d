#pragma once

#include "app/command.h"
#include "app/engine_state.h"
#include "store/store.h"

/* The one write pipeline: queue, batch, load, decide, commit, publish, answer. One thread decides and
 * commits; while one batch is being fsynced the next collects. Nothing is answered or shown before it is
 * durable. Source: docs/decisions/0001, docs/decisions/0010. */

struct engine;

struct policy {
    bool strict_catalog, explicit_enrolment;
    int64_t (*now_ms)(void);                        /* the clock */
    void (*say)(const char *what, const char *why); /* to the operator, any thread; NULL: to nobody */
    /* asked while events are folded at the start: true ends it, RC_BUSY; NULL: never */
    bool (*stop)(void);
    struct judge *judge; /* asked of every event that is folded at the start; NULL: nobody */
    void *progress_arg;  /* of engine_new's progress, and of followed */
    /* called at the start for each batch of others that was taken over; NULL: nobody asks */
    void (*followed)(void *arg, uint64_t turn, uint64_t sequence);
};

struct live_sink;
struct idempotency;
struct log;

/* Whom to tell what was published; before the threads start. It must outlive the engine. */
void engine_set_live(struct engine *engine, const struct live_sink *live);

/* Loads the model, folds the events after its checkpoint, takes the store over. progress (may be NULL) is
 * called now and then with the number of events folded so far. Errors: what the store says. */
MUST_CHECK enum rc engine_new(struct store *store, const struct policy *policy,
                              void (*progress)(void *arg, uint64_t folded), struct engine **out_engine,
                              struct fault *fault);

/* Starts the engine and the checkpointer: two threads. */
MUST_CHECK enum rc engine_start(struct engine *engine, struct fault *fault);

/* Does what is queued, checkpoints the model, ends the threads; frees everything but the store. */
void engine_free(struct engine *engine);

/* Hands a chain of commands over. Returns those that were not taken (the queue is full, or the engine is
 * stopping), for which done is not called, with why in fault (RC_BUSY); NULL: all were. Any thread. */
MUST_CHECK struct command *engine_submit(struct engine *engine, struct command *commands,
                                         struct fault *fault);

/* Does a run of commands at once in the calling thread, for a program that has not started the threads
 * (import). ledger_key (may be NULL) and its value are committed with them. Each command has its result. */
MUST_CHECK enum rc engine_run(struct engine *engine, struct command *commands, const char *ledger_key,
                              const char *ledger_value, struct fault *fault);

/* Writes the checkpoint file now, in the calling thread; only while the threads do not run. */
MUST_CHECK enum rc engine_checkpoint(struct engine *engine, struct fault *fault);

/* The completion threshold from here on; an event when it is another than before. Before the threads start.
 */
MUST_CHECK enum rc engine_set_threshold(struct engine *engine, uint16_t threshold_hundredths,
                                        struct fault *fault);

/* Where the answers that other nodes gave are noted; before the threads start. It must outlive the engine. */
void engine_set_answers(struct engine *engine, struct idempotency *answers);

/* Monotonic, when the log last gave the engine a turn, or told what became of a batch; 0: never, or nobody
 * shares it. Any thread; takes no lock. */
int64_t engine_reached_ms(const struct engine *engine);

/* The log that the engine writes; which of its functions are for other threads: store/log.h. */
struct log *engine_log(struct engine *engine);

/* The policy's clock. */
int64_t engine_now_ms(const struct engine *engine);

struct history;

/* What histories are read from. */
const struct history *engine_history(struct engine *engine);

/* The model that the engine changes. Lives as long as the engine; any thread looks at it through a view. */
struct model *engine_model(struct engine *engine);

/* The store that the engine writes. The caller of engine_new owns it; any thread may read as store.h says. */
struct store *engine_store(struct engine *engine);

/* Of a log that other nodes write. Any thread. */
struct log_costs engine_log_costs(struct engine *engine);

/* How the engine is, at one instant. Any thread; takes its lock for a moment. */
struct engine_state engine_state(struct engine *engine);

/* As long as the engine. Any thread reads. */
const struct engine_timings *engine_timings(const struct engine *engine);

/* How long checkpoints took: checkpointer_times. */
const struct histogram *engine_checkpoint_times(const struct engine *engine);
