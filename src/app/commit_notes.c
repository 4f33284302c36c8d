#include "app/commit_notes.h"

#include "app/engine_private.h"
#include "base/monotonic.h"
#include "store/log.h"

/* After a failed commit: how often the engine looks whether there is room again. */
enum { PROBE_MS = 1000 };

void commit_note_failing(struct engine *engine, bool failed, const char *why)
{
    bool failing = engine->state.failing_since_ms != 0; /* written by this thread alone */
    int64_t now_ms = monotonic_ms();

    if (failed == failing)
        return;
    if (!failed && now_ms - engine->probed_ms < PROBE_MS)
        return;
    engine->probed_ms = now_ms;
    if (!failed && !log_has_room(engine->log))
        return;
    (void)pthread_mutex_lock(&engine->lock);
    engine->state.failing_since_ms = failed ? engine->policy.now_ms() : 0;
    (void)pthread_mutex_unlock(&engine->lock);
    if (engine->policy.say)
        engine->policy.say(log_name(engine->log), !failed ? "writes succeed again"
                                                  : why   ? why
                                                          : "a write failed");
}

void commit_note_broken(struct engine *engine, const char *what, const struct fault *fault)
{
    (void)pthread_mutex_lock(&engine->lock);
    bool was = engine->state.broken;
    engine->state.broken = true;
    if (engine->turn_waiters)
        (void)pthread_cond_broadcast(&engine->turned);
    (void)pthread_mutex_unlock(&engine->lock);
    if (!was && engine->policy.say)
        engine->policy.say(what, fault_why(fault));
}

void commit_note_copying(struct engine *engine, const char *why)
{
    bool failing = engine->state.copy_failing_since_ms != 0; /* written by this thread alone */

    if (failing == (why != NULL))
        return;
    (void)pthread_mutex_lock(&engine->lock);
    engine->state.copy_failing_since_ms = why ? engine->policy.now_ms() : 0;
    (void)pthread_mutex_unlock(&engine->lock);
    if (engine->policy.say)
        engine->policy.say("events.db", why ? why : "has room again; the node goes on");
}
