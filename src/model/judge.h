#pragma once

#include "model/fold.h"
#include "core/event_check.h"

/* Whether events are such as the engine could have decided: what import and restore ask while they fold a
 * file that somebody else may have written. Events by themselves are event_problem's; here is what only shows
 * on top of those before: ids given out twice, sums and budgets (core/limits.h). One thread. Source: contract
 * 7; reliability A172. */
struct judge {
    struct event_scope scope; /* what the file holds */
    uint64_t last_log_id;     /* each: the last one given out so far */
    uint32_t last_record_id, last_enrolment_id;
    uint32_t *rollbacks; /* by learner */
    /* by learner: their erasure is under way, the engine takes their events out next */
    bool *leaving;
    const char *problem; /* of the event that was refused; a static text */
    uint64_t sequence;   /* its number */
};

/* RC_BUSY: out of memory. */
MUST_CHECK enum rc judge_init(struct judge *judge, const struct event_scope *scope);

/* Frees what the judge holds. One that judge_init refused is fine. */
void judge_done(struct judge *judge);

/* Notes whose erasure the file says to be under way. */
void judge_leaving(struct judge *judge, uint32_t learner);

/* Before an event is applied; false: judge->problem says why not. */
bool judge_event(struct judge *judge, const struct fold *fold, const struct event *event);

/* After an event was applied: whether what it led to is within all bounds. False: judge->problem says what is
 * not. */
bool judge_outcome(struct judge *judge, const struct fold *fold, const struct event *event);

/* After all of them, what is only bounded in all: every learner's bytes; and each id is one person's. The
 * problem then is no event's: judge->sequence is 0. */
bool judge_model(struct judge *judge, struct model *model);

/* The log entries that the store holds, against the budgets. RC_INVALID: judge->problem. */
MUST_CHECK enum rc judge_logs(struct judge *judge, struct store *store, struct fault *fault);

/* An EV_COURSE_DECLARED's body. NULL: fine. items: the highest key. Source: contract 7, PUT. */
const char *declaration_problem(const uint8_t *bytes, size_t size, uint32_t items);
