#pragma once

#include "app/access.h"
#include "model/model.h"

/* A learner's courses as somebody may see them, newest activity first: a page of them, with what adds up over
 * the learner's records and what comes next. Made in steps of some hundred looks at the model each. One
 * thread at a time. Source: contract 9, users/{id}/courses. */

struct learner_course {
    const struct enrolment *enrolment; /* of the learner that was given */
    struct course_facts facts;
    wide time_spent_ms, watch_ms; /* watch_ms: of videos that were reported */
    uint32_t next_item;           /* 0: nothing required is open */
    const struct record *next;    /* the learner's record of it; NULL: none */
    const struct course_def *def; /* a reference */
};

struct learner_courses;

/* Of the learner, who stays as they are until learner_courses_free (NULL: nobody). reader NULL: may see them
 * all; else those whose staff the reader is; it outlives the courses. The page: places from first on. NULL:
 * out of memory. */
struct learner_courses *learner_courses_new(struct model *model, const struct learner *learner,
                                            const struct caller *reader, uint64_t first, uint32_t count);

/* NULL is fine; half-way too. */
void learner_courses_free(struct learner_courses *courses);

/* A fraction of a millisecond of the work. *out_done: the results are there. Errors: RC_BUSY. */
MUST_CHECK enum rc learner_courses_step(struct learner_courses *courses, bool *out_done, struct fault *fault);

/* Once done: how many there are in all; */
uint32_t learner_courses_total(const struct learner_courses *courses);
/* of how many the page consists; and one of them. */
uint32_t learner_courses_count(const struct learner_courses *courses);

/* One of the page; i is below learner_courses_count. */
const struct learner_course *learner_courses_at(const struct learner_courses *courses, uint32_t i);
