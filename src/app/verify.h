#pragma once

#include "model/model.h"
#include "store/store.h"

/* Every event folded again and compared with every projection: learners, courses, items and their sums in the
 * checkpoint file, the index of each learner's events, the log entries. Writes nothing, so it may run beside
 * a server; each row is taken at the sequence that it covers. What concerns log entries is in verify_logs.c.
 * Source: contract 7, verify; reliability R20. */

struct verify_watch {
    void *arg;
    void (*progress)(void *arg, uint64_t events);    /* now and then */
    void (*difference)(void *arg, const char *text); /* the first of them */
};

struct verify_result {
    uint64_t events, differences;
    uint64_t learners, courses, items, logs;
    bool has_checkpoint; /* false: there was none, so nothing was compared but the events and log entries */
    /* the checkpoint file is from before an erasure, whose events are gone: likewise; a start mends it */
    bool overtaken;
};

/* store: store_open_reader, or one that nobody writes to. RC_INTERNAL: an event is damaged or makes no sense;
 * *fault says which. Differences are no error. */
MUST_CHECK enum rc verify_store(struct store *store, const struct verify_watch *watch,
                                struct verify_result *out, struct fault *fault);

/* Makes the log entries what the events say; *out_mended counts those that were not. For a store nobody else
 * uses. */
MUST_CHECK enum rc verify_mend_logs(struct store *store, uint64_t *out_mended, struct fault *fault);
