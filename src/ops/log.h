#pragma once

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "base/fault.h"
#include "ops/settings.h"

/* The log of a server: a line on stderr for each thing worth telling, with its instant and level, as text or
 * as JSON. Whoever writes "milepost: ..." to stderr writes to it. A line that begins with "<3>", "<4>", "<6>"
 * or "<7>" is an error, a warning, an information or for debugging, as syslog counts; "<5>" is an information
 * that is always written; without such a mark it is an error. */
struct log_output;

/* What is told of one answer. Never a token, a body, a query or a path with ids: reliability R39. */
struct log_answer {
    const char *method, *route; /* the route's pattern; "-": none */
    int status;
    uint64_t microseconds;
    const char *request_id, *trace_id; /* trace_id: of the caller's traceparent; "": none */
};

/* One act of somebody whose rights are more than a learner's, or on somebody else's record. */
struct log_audit {
    const char *who, *what, *route; /* what: the method */
    const char *user, *course;      /* whom it concerns; "": nobody, none */
    int status;
    const char *request_id;
};

/* Takes stderr over. NULL: out of memory, and stderr stays as it is. */
struct log_output *log_output_start(enum log_format format, enum log_level level);

/* Gives stderr back. NULL is fine. Nobody writes any more. */
void log_output_stop(struct log_output *log);

/* From here on. Any thread. */
void log_output_set(struct log_output *log, enum log_format format, enum log_level level);

/* Whether a line of this level is written. Any thread, and cheap. */
bool log_output_takes(const struct log_output *log, enum log_level level);

/* Writes a line of an answer. Any thread. */
void log_output_answer(struct log_output *log, enum log_level level, const struct log_answer *answer);

/* Writes a line of an act, at every level. Any thread. */
void log_output_audit(struct log_output *log, const struct log_audit *audit);
