#pragma once

#include <string.h>

#include "app/roster.h"
#include "core/risk.h"
#include "face/courseroom/courseroom_encode.h"

/* A learner in a course with their activityLogs, written in steps: the model's lock is held for some dozen
 * records at a time, however many there are. */

/* Where rows go: JSON as elements of an open list, or lines of a table. */
struct row_out {
    struct face_context *context;
    struct buf *out;
    bool csv, comma;
    bool no_logs;                       /* activityLogs is left out */
    const struct risk_measure *measure; /* says why somebody is at risk; NULL: nobody asks */
    struct buf scratch;                 /* the caller's to free */
};

struct courseroom_row {
    struct participant participant;
    struct text user; /* as it is shown */
    enum { ROW_PICK, ROW_HEAD, ROW_LOGS, ROW_TAIL } phase;
    uint32_t at;
};

/* Of the learner's key; 0: of nobody, under the user's id. Free with participant_done. */
void courseroom_row_open(struct courseroom_row *row, struct model *model, uint32_t learner, uint32_t course,
                         struct text user);

/* {userId, enrollments, activityLogs, progressSummary, lastActivityDate, timeSpent, reasons}: an item of /all
 * and bulk. *out_done: the row is
 * written. Errors: RC_BUSY. */
MUST_CHECK enum rc courseroom_row_step(struct courseroom_row *row, struct row_out *to, bool *out_done,
                                       struct fault *fault);

/* The header of such rows as a table. */
void courseroom_row_header(struct row_out *to, uint32_t course);

/* Writes some of the records from *at on, as elements of the list that out is in; stops after 64 or 32 KiB.
 */
void courseroom_put_activities(struct json_out *out, struct face_context *context,
                               const struct participant *participant, struct text user, uint32_t *at);

/* Where the object of a table's row is written, empty; then its members as cells, or their names. */
struct json_out row_scratch(struct row_out *to);

/* Puts the members of row_scratch's object as cells, or (names) their names. */
void row_cells(struct row_out *to, bool names);
