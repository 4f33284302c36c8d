#pragma once

#include "app/log_history.h"
#include "base/buf.h"
#include "base/number.h"

/* What a learner's log entries are summed up to: each numeric member by itself, without rounding. One thread
 * at a time. Source: contract 5, summary. */

/* One numeric member. first and last: of the oldest and the newest entry that has it. */
struct log_field {
    const char *name;
    uint32_t name_size;
    struct number min, max, first, last;
    struct number_sum sum;
};

struct log_figures {
    /* the caller's */
    struct arena *arena;   /* where fields lie */
    uint64_t seed;         /* so that clients cannot choose names that collide */
    struct text date_name; /* of the member that is an entry's date, as a client gave it */

    struct log_field **fields; /* by first sight, newest entry first */
    uint32_t *places;          /* open addressing: 1 + the index of a field; a power of two */
    size_t field_count, room;
    int64_t logs;
    struct buf first_date, last_date; /* JSON text; empty: none was given */
    int64_t first_ms, last_ms;
    bool failed;
};

/* Sums up the entries of a learner; 0: nobody, who has none. Reads the event file. At most LIMIT_LOG_FIELDS
 * different members, the newest. Errors: RC_BUSY, and what the store says. */
MUST_CHECK enum rc log_figures_of(const struct history *history, uint32_t learner,
                                  struct log_figures *figures, struct fault *fault);

/* What is known of one member; NULL: it is in no entry. Lives as long as the arena. */
const struct log_field *log_figures_field(const struct log_figures *figures, const char *name, uint32_t size);

/* Frees what is not in the arena. */
void log_figures_done(struct log_figures *figures);
