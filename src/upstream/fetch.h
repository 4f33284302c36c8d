#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fault.h"

/* GETs from other services, on threads of their own, so that no event loop ever waits. http and https only, no
 * redirects, answers bounded, every call bounded in time; after 5 failures in a row a host is left alone for 5 s.
 * Source: reliability R33, A166 to A169. */

enum { FETCH_MAX_BYTES = 65536 };

struct fetcher;

/* One call. Owned by who submits it, until done. */
struct fetch {
    const char *url;
    void (*done)(struct fetch *fetch); /* on a fetcher's thread; must not block; afterwards the owner's again */
    void *waiter;
    /* results */
    bool answered; /* any HTTP status came */
    int status;
    struct buf body;
    struct fetch *next;
};

/* Errors: RC_BUSY. */
MUST_CHECK enum rc fetcher_new(int64_t timeout_ms, int threads, struct fetcher **out_fetcher, struct fault *fault);

/* Ends the threads after what is under way; calls still queued are done unanswered. */
void fetcher_free(struct fetcher *fetcher);

/* Any thread. False: too many wait; done is not called. */
bool fetcher_submit(struct fetcher *fetcher, struct fetch *fetch);

/* The same in the calling thread (start-up). */
void fetch_now(struct fetch *fetch, int64_t timeout_ms);

/* Appends one path segment, percent-encoded, so that an id can never become path, query or fragment. */
void fetch_segment(struct buf *url, const char *bytes, size_t size);
