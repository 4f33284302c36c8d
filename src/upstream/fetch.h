#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/histogram.h"

/* GETs from one other service, on a thread of its own, so that no event loop ever waits and no service waits
 * for another. http and https only, no redirects, answers bounded, every call bounded in time; some calls at
 * a time, the rest queued, and who asks what is being asked already gets that answer. After 5 failures in a
 * row the service is left alone for 5 s, then one call tries it. Source: reliability R33, A166 to A169. */

enum { FETCH_MAX_BYTES = 65536 };

struct fetcher;

/* One call. Owned by who submits it, until done. */
struct fetch {
    const char *url;
    char traceparent[56]; /* sent on; "": none */
    /* on the fetcher's thread; must not block; afterwards the owner's again */
    void (*done)(struct fetch *fetch);
    void *waiter;
    /* results */
    bool answered; /* any HTTP status came */
    int status;
    struct buf body;
    /* the fetcher's own */
    struct fetch *next, *same;
    int64_t queued_ms;
};

/* Starts the thread for one service. name is borrowed and stands in metrics and the log; timeout_ms bounds
 * each call. Errors: RC_BUSY: no memory or no thread. */
MUST_CHECK enum rc fetcher_new(const char *name, int64_t timeout_ms, struct fetcher **out_fetcher,
                               struct fault *fault);

/* Ends what is under way and queued unanswered, within a moment; what is submitted later is not taken. */
void fetcher_stop(struct fetcher *fetcher);

/* Stops as fetcher_stop does, ends the thread and frees the fetcher. */
void fetcher_free(struct fetcher *fetcher);

/* Any thread. False: too many wait; done is not called. A call that waited as long as a call may take is done
 * unanswered. */
bool fetcher_submit(struct fetcher *fetcher, struct fetch *fetch);

enum fetcher_rest { FETCHER_WORKS, FETCHER_RESTS, FETCHER_TRIES };

struct fetcher_state {
    const char *name;
    enum fetcher_rest rest; /* the breaker: closed, open, one call tries whether the service is back */
    int failures;           /* in a row */
    int queued, under_way;
    /* since the start; refused: not made, because the service rests or too many wait */
    uint64_t calls, failed, refused;
};

/* How the service is doing, at one instant. Any thread. */
struct fetcher_state fetcher_state(struct fetcher *fetcher);

/* How long calls took that were made, also those that failed (histogram_times_us). Its own. */
const struct histogram *fetcher_times(const struct fetcher *fetcher);

/* The word for a breaker's state: closed, open, half-open. */
const char *fetcher_rest_name(enum fetcher_rest rest);

/* Appends one path segment, percent-encoded, so that an id can never become path, query or fragment. */
void fetch_segment(struct buf *url, const char *bytes, size_t size);
