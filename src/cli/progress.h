#pragma once

#include <stdbool.h>
#include <stdint.h>

/* How far a long command is, on stderr: one line that changes on a terminal, else a line every few seconds.
 * Of a command that takes no longer than that, nothing. */
struct progress {
    const char *what, *unit; /* "verify", "events" */
    uint64_t total;          /* 0: nobody knows */
    int64_t began_ms, shown_ms;
    bool terminal, shown;
};

/* Begins; what and unit are borrowed. */
void progress_begin(struct progress *progress, const char *what, const char *unit, uint64_t total);

/* So much is done. Cheap: shows something now and then. arg: a struct progress. */
void progress_show(void *arg, uint64_t done);

/* The same of who names what is done and its unit with each call: what is new begins anew. For struct
 * store_watch; arg: a struct progress, zeroed at first. */
void progress_watch(void *arg, const char *what, const char *unit, uint64_t done, uint64_t total);

/* Takes the changing line away, so that what comes next stands alone. */
void progress_end(struct progress *progress);
