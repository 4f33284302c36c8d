#include "face/courseroom/courseroom_rows.h"

#include <string.h>

#include "face/csv.h"
#include "face/face.h"
#include "face/show.h"

enum {
    HOLD_RECORDS = 64,      /* records encoded in one hold of the model's lock: 0.1 ms, */
    HOLD_BYTES = 32 * 1024, /* or so many bytes: metadata has up to 16 KiB */
};

void courseroom_row_open(struct courseroom_row *row, struct model *model, uint32_t learner, uint32_t course,
                         struct text user)
{
    *row = (struct courseroom_row){.user = user};
    participant_open(&row->participant, model, learner, course);
    if (!user.bytes)
        row->user = (struct text){row->participant.id.bytes, row->participant.id.size};
}

void courseroom_put_activities(struct json_out *out, struct face_context *context,
                               const struct participant *participant, struct text user, uint32_t *at)
{
    size_t enough = out->buf->size + HOLD_BYTES;
    struct view view = service_read_begin(context->service);

    for (uint32_t i = 0; i < HOLD_RECORDS && *at < participant->record_count && out->buf->size < enough; i++)
        courseroom_put_activity(out, view, context->zone, user, participant->records[(*at)++]);
    service_read_end(view);
}

static void put_head(struct json_out *out, struct face_context *context, const struct enrolment *enrolment,
                     struct text user)
{
    struct view view = service_read_begin(context->service);

    json_put_id(out, "userId", user);
    json_name(out, "enrollments");
    courseroom_put_enrolment(out, view, context->zone, user, enrolment);
    service_read_end(view);
}

static void put_reasons(struct json_out *out, unsigned risks)
{
    json_put_open(out, "reasons", '[');
    if (risks & RISK_INACTIVE)
        json_text(out, "inactive", strlen("inactive"));
    if (risks & RISK_BEHIND)
        json_text(out, "behind", strlen("behind"));
    json_close(out, ']');
}

/* measure: who asks for risks; NULL: nobody. */
static void put_summary(struct json_out *out, const struct participant *participant,
                        const struct risk_measure *measure)
{
    const struct enrolment *enrolment = participant->enrolment;
    const struct course_facts *facts = &participant->facts;

    json_put_open(out, "progressSummary", '{');
    json_put_int(out, "totalContent", facts->items);
    json_put_int(out, "completedContent", enrolment ? enrolment->completed_items : 0);
    json_put_hundredths(out, "overallProgressPercent",
                        enrolment ? course_percent_hundredths(enrolment->completed_required, facts->required)
                                  : 0);
    json_close(out, '}');
    json_put_instant(out, "lastActivityDate", enrolment ? enrolment->last_activity_ms : INSTANT_NEVER);
    json_put_scaled(out, "timeSpent", enrolment ? wide_shown(participant->time_spent_ms) : 0, 3);
    if (measure)
        put_reasons(out, enrolment ? enrolment_risks(enrolment, measure) : 0);
}

/* ---- JSON ---- */

static void json_step(struct courseroom_row *row, struct row_out *to, bool *out_done)
{
    struct json_out json = {to->out, to->comma};
    struct participant *participant = &row->participant;

    switch (row->phase) {
    case ROW_HEAD:
        json_open(&json, '{');
        put_head(&json, to->context, participant->enrolment, row->user);
        if (!to->no_logs)
            json_put_open(&json, "activityLogs", '[');
        row->phase = ROW_LOGS;
        break;
    case ROW_LOGS:
        courseroom_put_activities(&json, to->context, participant, row->user, &row->at);
        break;
    default:
        if (!to->no_logs)
            json_close(&json, ']');
        put_summary(&json, participant, to->measure);
        json_close(&json, '}');
        *out_done = true;
    }
    to->comma = json.comma;
}

/* ---- a line of a table ---- */

struct json_out row_scratch(struct row_out *to)
{
    buf_clear(&to->scratch);
    return (struct json_out){&to->scratch, false};
}

void row_cells(struct row_out *to, bool names)
{
    csv_members(to->out, to->scratch.bytes, to->scratch.size, names);
    to->out->failed |= to->scratch.failed;
}

static void head_cells(struct row_out *to, const struct enrolment *enrolment, struct text user, bool names)
{
    struct json_out json = row_scratch(to);

    json_open(&json, '{');
    put_head(&json, to->context, enrolment, user);
    json_close(&json, '}');
    row_cells(to, names);
}

static void summary_cells(struct row_out *to, const struct participant *participant, bool names)
{
    struct json_out json = row_scratch(to);

    json_open(&json, '{');
    put_summary(&json, participant, to->measure);
    json_close(&json, '}');
    row_cells(to, names);
}

static void csv_step(struct courseroom_row *row, struct row_out *to, bool *out_done)
{
    struct participant *participant = &row->participant;

    switch (row->phase) {
    case ROW_HEAD:
        head_cells(to, participant->enrolment, row->user, false);
        buf_text(to->out, to->no_logs ? "," : participant->record_count ? ",\"[" : ",[");
        row->phase = ROW_LOGS;
        break;
    case ROW_LOGS: {
        struct json_out json = row_scratch(to);
        json.comma = row->at > 0;
        courseroom_put_activities(&json, to->context, participant, row->user, &row->at);
        csv_quoted(to->out, to->scratch.bytes, to->scratch.size);
        to->out->failed |= to->scratch.failed;
        break;
    }
    default:
        if (!to->no_logs)
            buf_text(to->out, participant->record_count ? "]\"," : "],");
        summary_cells(to, participant, false);
        buf_text(to->out, "\r\n");
        *out_done = true;
    }
}

void courseroom_row_header(struct row_out *to, uint32_t course)
{
    struct enrolment any = {.course = course}; /* what it says does not matter, only its members */
    struct participant participant = {.enrolment = &any};

    head_cells(to, &any, (struct text){"0", 1}, true);
    buf_text(to->out, to->no_logs ? "," : ",activityLogs,");
    summary_cells(to, &participant, true);
    buf_text(to->out, "\r\n");
}

enum rc courseroom_row_step(struct courseroom_row *row, struct row_out *to, bool *out_done,
                            struct fault *fault)
{
    bool picked = true;
    enum rc rc = RC_OK;

    *out_done = false;
    if (row->phase == ROW_PICK) {
        rc = participant_pick(&row->participant, service_model(to->context->service), !to->no_logs, &picked,
                              fault);
        row->phase = picked ? ROW_HEAD : ROW_PICK;
    }
    while (rc == RC_OK && row->phase != ROW_PICK && !*out_done) { /* of a row with few records, all at once */
        uint32_t at = row->at;
        if (row->phase == ROW_LOGS && row->at == row->participant.record_count)
            row->phase = ROW_TAIL;
        if (to->csv)
            csv_step(row, to, out_done);
        else
            json_step(row, to, out_done);
        if (row->at - at == HOLD_RECORDS || to->out->failed || to->out->size > 2 * HOLD_BYTES)
            break;
    }
    return rc;
}
