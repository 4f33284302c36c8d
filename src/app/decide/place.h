#pragma once

#include "app/command.h"

/* Where an item stands in the catalogue for a report, a lock or an unlock that names it, and perhaps a
 * course. The engine's thread. Source: contract 1, "A content item belongs to one course". */

struct batch;

struct place {
    uint32_t item, course; /* keys; 0: not interned or none */
    bool attach;           /* the item comes to the course, or to none that it was bound to, by this report */
    bool observe;          /* the item, or a better-known type, is first told by this report */
    bool binds;            /* it comes bound only: the course does not count it */
    bool preview;          /* nobody is enrolled by this report */
    enum type_rank rank;
};

/* The refusal of an item that is another course's (own: that course's id; NULL: none's): a text in the
 * command's arena. */
const char *place_foreign_text(struct command *command, struct text item, struct text named, const char *own);

/* Item and course as the catalogue has them. Errors: RC_NOT_FOUND, RC_INVALID: why the report is refused. */
MUST_CHECK enum rc place_find(struct batch *batch, struct command *command, struct text item_id,
                              struct text course_id, struct place *out, struct fault *fault);

/* Staff are no learners: what they report for themselves is a preview, unless they are enrolled. Source:
 * contract 1, Enrolment. */
bool place_is_preview(const struct batch *batch, const struct command *command, const struct place *place,
                      bool enrolled);

/* Once it is known who reports: a preview, or a lock, only binds the item to the course that it names. */
void place_settle(struct batch *batch, struct place *place, bool named, bool preview);

/* Registers item and course on first sight, attaches a courseless item, and enrols who adopted it. Errors:
 * RC_BUSY, out of memory: the whole batch must be abandoned. */
MUST_CHECK enum rc place_observe(struct batch *batch, struct command *command, struct item_report *report,
                                 struct place *place, struct fault *fault);
