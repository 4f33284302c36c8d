#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "base/fault.h"
#include "base/ident.h"

/* The learners of a course in an order, a page of them or all, for courses of any size: the model's lock is
 * taken for some hundred learners at a time, what they are sorted by is copied, and sorted with no lock. One
 * thread at a time. What was acknowledged before the start is seen. Source: contract 3; docs/decisions/0013.
 */

struct learner_text { /* an id of its own, NUL-terminated */
    char bytes[IDENT_MAX_BYTES + 1];
    uint32_t size;
};

struct roster_query {
    uint32_t course;
    /* Under the lock, in no order: whether the learner is one of them, and what to sort by. Short. */
    bool (*take)(const void *arg, struct view view, const struct learner *learner,
                 const struct enrolment *enrolment, int64_t out_by[2]);
    const void *arg;       /* outlives the roster */
    bool ids_descending;   /* of the same by: ids from the last to the first */
    uint64_t first, count; /* the page: places from 0; count UINT64_MAX: all that follow */
    bool after;            /* counted from the first one behind this place: */
    int64_t after_by[2];
    struct learner_text after_id;
};

/* One of the page. */
struct roster_entry {
    uint32_t learner;
    uint32_t rank; /* from 1; who has the same by[0] shares it */
};

struct roster;

/* Copies the query. Errors: RC_BUSY, out of memory. */
MUST_CHECK enum rc roster_new(struct model *model, const struct roster_query *query,
                              struct roster **out_roster, struct fault *fault);

/* NULL is fine; half-way too. */
void roster_free(struct roster *roster);

/* A fraction of a millisecond of the work (the sort, which comes last, is one step). *out_done: the results
 * are there. Errors: RC_BUSY, out of memory, or other lists hold as much as all may. */
MUST_CHECK enum rc roster_step(struct roster *roster, bool *out_done, struct fault *fault);

/* Once done. How many there are in all, wherever the page begins; */
uint64_t roster_total(const struct roster *roster);
/* the page; */
size_t roster_count(const struct roster *roster);

/* One of the page; i is below roster_count. */
struct roster_entry roster_entry(const struct roster *roster, size_t i);
/* whether more come behind it; and where its last one stands: false when the page is empty. */
bool roster_has_more(const struct roster *roster);

/* Where the page's last one stands, to go on from there. False: the page is empty. */
bool roster_last(const struct roster *roster, int64_t out_by[2], struct learner_text *out_id);

/* ---- one of them ---- */

/* A learner as they are now, kept by reference: what is looked at stays as it is without any lock. */
struct participant {
    struct learner_state *state; /* NULL: never seen, or erased meanwhile */
    struct learner_text id;
    const struct enrolment *enrolment; /* NULL: not enrolled in the course */
    struct course_facts facts;
    uint32_t course;
    /* The present records of the course, once picked: newest update first. */
    const struct record **records;
    uint32_t record_count;
    wide time_spent_ms;  /* of all their records of the course, removed ones too */
    bool hides_previews; /* of who is not enrolled: set it when somebody else reads (contract 1, Enrolment) */
    uint32_t looked;     /* participant_pick's own */
};

/* Looks a learner up and takes a reference to their state; participant_done gives it back. Takes the model's
 * read lock for a moment. */
void participant_open(struct participant *participant, struct model *model, uint32_t learner,
                      uint32_t course);

/* Gives the reference back. Fine for a participant that is all zeros. */
void participant_done(struct participant *participant);

/* Looks at a thousand records; true when all were. sorted: into records, else the sum alone. Errors: RC_BUSY.
 */
MUST_CHECK enum rc participant_pick(struct participant *participant, struct model *model, bool sorted,
                                    bool *out_done, struct fault *fault);
