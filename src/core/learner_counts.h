#pragma once

#include "core/learner.h"

/* A learner's state beside what the catalogue says: which records their course counts. Pure. */

/* Whether the learner has progress in the course: any record that somebody reported. */
bool learner_started(const struct learner *learner, uint32_t course, const struct catalogue *catalogue);

/* Counts again what of the course is completed. */
void learner_recount(const struct learner *learner, struct enrolment *enrolment,
                     const struct catalogue *catalogue);

/* Of all that the course counts; INSTANT_NEVER: none. */
int64_t learner_last_report_ms(const struct learner *learner, uint32_t course,
                               const struct catalogue *catalogue);

/* Kept true by every event, of records that nobody reported too: looking again at a learner changes nothing,
 * however often it is done. enrolment: the learner's in the item's course. */
void learner_set_counted(struct record *record, const struct item_facts *facts,
                         const struct enrolment *enrolment);

/* A new enrolment, and the records of its course that came before it: before the course was known, or as
 * previews. */
void learner_count_before(const struct learner *learner, struct enrolment *enrolment,
                          const struct catalogue *catalogue);

/* The completionDate of one who is not enrolled, were they: INSTANT_NEVER, none. */
int64_t learner_completion_before(const struct learner *learner, uint32_t course,
                                  const struct catalogue *catalogue);
