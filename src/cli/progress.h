#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How far a long command is, on stderr: on a terminal one line that changes, from the beginning and until the
 * end; else a line every few seconds, and nothing of a command that takes no longer. */
struct progress {
    const char *what, *unit; /* "verify", "events" */
    uint64_t total;          /* 0: nobody knows */
    int64_t began_ms, shown_ms;
    bool terminal, shown;
};

/* Begins; what and unit are borrowed. */
void progress_begin(struct progress *progress, const char *what, const char *unit, uint64_t total);

/* The line: "verify: 5 of 10 events (50 %), 3 s left". spent_ms: since the beginning. Without a total, or
 * with one that was passed: how many a second. */
void progress_text(const struct progress *progress, uint64_t done, int64_t spent_ms, char *out, size_t size);

/* So much is done. Cheap: shows something now and then. arg: a struct progress. */
void progress_show(void *arg, uint64_t done);

/* The same of who names what is done and its unit with each call: what is new begins anew. For struct
 * store_watch; arg: a struct progress, zeroed at first. */
void progress_watch(void *arg, const char *what, const char *unit, uint64_t done, uint64_t total);

/* Takes the changing line away, so that what comes next stands alone. */
void progress_end(struct progress *progress);
