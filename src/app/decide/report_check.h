#pragma once

#include "app/decide/place.h"
#include "app/decide/report_limits.h"

/* What can refuse one report, but for budgets. The engine's thread. Source: contract 1, rules 4 and 6,
 * Enrolment; contract 4. */

struct batch;

/* The learner as decided so far; an empty one when never seen. */
const struct learner *report_learner(const struct batch *batch, const struct command *command);

/* The learner's record of the item; a blank one when there is none (learner NULL: always). */
const struct record *report_record(const struct learner *learner, uint32_t item);

/* Whether the report tells of a day on which the learner reported nothing. */
bool report_is_new_day(const struct learner *learner, const struct report *report);

/* Where the report's item stands and what the report adds to the learner, for budgets that the caller checks.
 * *out_stored: the record that there is; NULL: none. Refuses what the catalogue and the enrolment refuse. */
MUST_CHECK enum rc report_look_up(struct batch *batch, struct command *command, struct item_report *report,
                                  struct place *out_place, const struct record **out_stored,
                                  struct addition *out_adds, struct fault *fault);

/* What refuses a report on top of record: limits; and what is stored: a lock, another tag. */
MUST_CHECK enum rc report_judge(struct batch *batch, const struct command *command,
                                const struct learner *learner, const struct record *record,
                                const struct record *stored, const struct item_report *report,
                                struct fault *fault);

/* Both, of a report that stands alone. */
MUST_CHECK enum rc report_check(struct batch *batch, struct command *command, struct item_report *report,
                                struct place *out_place, struct addition *out_adds, struct fault *fault);
