#include "app/traces.h"

#include <time.h>

#include "app/commit_notes.h"
#include "app/engine_private.h"
#include "base/monotonic.h"

enum {
    SCRUB_AFTER_MS = 500, /* after a try that a reader was in the way of: each costs an fsync */
    SCRUB_LAST_MS = 2000, /* at the end it is worth a wait */
    ERASE_LAST_MS = 5000, /* the next start goes on with what is left, or another node */
};

void traces_scrub(struct engine *engine)
{
    struct fault fault;

    if (!engine->scrub || monotonic_ms() < engine->scrub_after_ms)
        return;
    if (store_scrub_events(engine->store, &fault) == RC_OK)
        engine->scrub = false;
    else
        engine->scrub_after_ms = monotonic_ms() + SCRUB_AFTER_MS;
}

void traces_scrub_last(struct engine *engine)
{
    const struct timespec pause = {0, 50000000};
    int64_t until_ms = monotonic_ms() + SCRUB_LAST_MS;

    while (engine->scrub && !engine->state.broken && monotonic_ms() < until_ms) {
        engine->scrub_after_ms = 0;
        traces_scrub(engine);
        if (engine->scrub)
            (void)nanosleep(&pause, NULL); /* cut short is fine */
    }
}

void traces_erase_some(struct engine *engine)
{
    struct fault fault;
    bool finished = false;

    if (!erase_jobs_pending(engine->jobs) || monotonic_ms() < engine->jobs_after_ms)
        return;
    enum rc rc = erase_jobs_step(engine->jobs, &finished, &fault);
    engine->scrub |= finished;
    (void)pthread_mutex_lock(&engine->lock);
    engine->erasures++;
    (void)pthread_mutex_unlock(&engine->lock);
    if (rc != RC_OK)
        engine->jobs_after_ms = monotonic_ms() + SCRUB_AFTER_MS;
    if (rc == RC_INTERNAL || rc == RC_CONFLICT)
        commit_note_broken(engine, rc == RC_CONFLICT ? log_name(engine->log) : "events.db", &fault);
}

void traces_erase_rest(struct engine *engine)
{
    int64_t until_ms = monotonic_ms() + ERASE_LAST_MS;
    struct fault fault;
    enum rc rc = RC_OK;

    /* the log of a node that is broken is perhaps not its own */
    while (rc == RC_OK && engine->jobs && erase_jobs_pending(engine->jobs) && !engine->state.broken &&
           monotonic_ms() < until_ms) {
        bool finished;
        rc = erase_jobs_step(engine->jobs, &finished, &fault);
        engine->scrub |= finished;
    }
}
