#pragma once

#include "app/engine.h"

/* What an erased person leaves in the files after the commit that erased them: events that one commit was too
 * small for (app/erase_jobs.h), and copies in the event file's own log. One thread, the engine's. */

/* After an erasure: takes the copies out. A reader in the way is a reason to try again, a moment later. */
void traces_scrub(struct engine *engine);

/* A few milliseconds of what erasures have left to do; between two batches. */
void traces_erase_some(struct engine *engine);

/* Before the store is closed: for five seconds at most, and nothing when the node is broken (its log may be
 * another's). The next start, or another node, goes on. */
void traces_erase_rest(struct engine *engine);

/* Before the store is closed, after traces_erase_rest: tries for two seconds. */
void traces_scrub_last(struct engine *engine);
