#include "app/publish.h"

#include "app/adopting.h"
#include "app/batch_logs.h"
#include "app/checkpointer.h"
#include "app/erase_jobs.h"
#include "app/log_settling.h"
#include "model/log_totals.h"
#include "model/revision.h"
#include "model/tail.h"

static void publish_erasure(struct engine *engine)
{
    const struct store_erasure *erasure = engine->batch.erasure;

    if (erasure->own)
        (void)erase_jobs_add(engine->jobs, erasure); /* out of memory: the next start does it */
    engine->scrub = true; /* their row leaves the checkpoint file with the next checkpoint, at once */
    checkpointer_hurry(engine->checkpointer);
}

void publish_stored(struct engine *engine, struct command *commands, struct revision *revision)
{
    struct batch *batch = &engine->batch;

    tail_add(engine->tail, batch->events, batch->event_count); /* before: what is shown can be traced */
    batch_logs_publish(batch);
    adopting_publish(batch);
    if (batch->erasure) {
        settling_forget(batch, batch->erasure->learner);
        log_totals_set(batch->logs.totals, &(struct log_total){.kept = {.learner = batch->erasure->learner}});
    }
    if (revision) {
        revision_take(revision, &engine->fold);
        engine->revision = revision;
        engine->phase = REVISION_PREPARING;
        engine->revising = commands;
    } else if (batch->event_count) {
        fold_publish(&engine->fold, batch->counters.sequence);
    }
    if (batch->erasure)
        publish_erasure(engine);
}
