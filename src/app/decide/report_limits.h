#pragma once

#include "app/command.h"

/* What limits refuse of a report: core/limits.h; contract 1 Errors, 3 update, 4 score. The engine's thread.
 */

struct batch;

/* What one report, or several of one request, add to a learner; and to the server: items and courses that
 * nobody named before, items that come to a course. */
struct addition {
    uint32_t records, enrolments, days, items, courses, taught;
};

/* What the report says of one item, on top of the record. Errors: RC_INVALID, naming the member; RC_CONFLICT:
 * more than a learner may have. */
MUST_CHECK enum rc report_limits_item(struct batch *batch, const struct command *command,
                                      const struct learner *learner, const struct record *record,
                                      const struct item_report *report, struct fault *fault);

/* Errors: RC_CONFLICT: more than a learner, a course (course: its key, 0 none) or the server may have. */
MUST_CHECK enum rc report_limits_budgets(struct view view, const struct learner *learner, uint32_t course,
                                         const struct addition *adds, struct fault *fault);
