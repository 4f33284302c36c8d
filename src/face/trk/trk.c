#include "face/trk/trk.h"

#include "base/ident.h"
#include "face/body.h"
#include "face/face.h"
#include "face/read.h"
#include "face/show.h"
#include "face/trk/trk_decode.h"
#include "face/trk/trk_encode.h"
#include "face/write.h"

/* ---- POST /api/progress ---- */

static void encode_record(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};
    const struct learner *learner = view_learner(view, command->learner_key);
    const struct record *record = learner ? learner_record(learner, command->reports[0].item_key) : NULL;
    bool completes = command->item_key != 0; /* set by trk_complete */

    trk_open(&out, completes ? "Content marked as completed successfully" : "Progress updated successfully");
    if (record)
        trk_put_record(&out, command->arena, view, command->learner.bytes, record);
    else
        json_null_value(&out);
    json_close(&out, '}');
    command->answer.status = completes ? 200 : 201;
    etag_of_record(record, command->answer.etag);
}

static void submit_report(struct request *request, struct text user, const struct item_report *report,
                          bool completes)
{
    static const struct fault memory = {NULL, "out of memory"};
    struct command *command = face_command(request, CMD_REPORTS, FACE_TRK, user);

    if (!command || !face_reports(request, command, 1)) {
        request_fail(request, RC_BUSY, &memory);
        return;
    }
    command->reports[0] = *report;
    command->item_key = completes;
    command->all_or_nothing = true;
    face_submit(request, command, encode_record);
}

void trk_post(struct request *request)
{
    const struct caller *caller = face_caller(request);
    struct fault fault = {NULL, NULL};
    struct item_report report = {.rc = RC_OK};
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = face_body(request, SPELLING_EXACT, &body, &fault);

    if (rc == RC_OK)
        rc = trk_decode_post(request, &body, &report, &fault);
    if (rc == RC_OK)
        submit_report(request, (struct text){caller->id, caller->id_size}, &report, false);
    else
        request_fail(request, rc, &fault);
}

/* ---- PUT /api/progress/:id/complete ---- */

/* The record that an id names, if it is there. */
static enum rc find_record(struct request *request, struct view view, struct text *out_user,
                           struct text *out_item, struct fault *fault)
{
    struct text id = face_param(request, 0);
    int64_t number = 0;
    uint32_t owner = 0;
    const struct record *record = NULL;

    if (ident_integer(id.bytes, id.size, &number))
        owner = view_record_owner(view, number);
    const struct learner *learner = view_learner(view, owner);
    for (uint32_t i = 0; learner && i < learner->record_count; i++)
        if (learner->records[i].id == number && learner->records[i].flags & RECORD_PRESENT)
            record = &learner->records[i];
    struct text user = view_id(view, ENTITY_LEARNER, owner);
    if (record) {
        enum rc rc = face_may(request, view, ACCESS_OWN, user, 0, false, fault);
        if (rc != RC_OK)
            return rc;
    } else {
        return fault_set(fault, RC_NOT_FOUND, NULL, "Progress not found");
    }
    *out_user = user;
    *out_item = view_id(view, ENTITY_ITEM, record->item);
    return RC_OK;
}

void trk_complete(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct item_report report = {.report = {.has = HAS_STATUS, .status = ITEM_COMPLETED}};
    struct text user = {NULL, 0};
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = request_id_param(request, 0, "id", &fault);

    if (rc == RC_OK && request->body.size)
        rc = face_body(request, SPELLING_EXACT, &body, &fault);
    if (rc == RC_OK && body.root)
        rc = trk_decode_score(&body, &report.report, &fault);
    if (rc == RC_OK) {
        struct view view = model_read_begin(face_of(request)->model);
        rc = find_record(request, view, &user, &report.item, &fault);
        model_read_end(view);
    }
    if (rc == RC_OK)
        submit_report(request, user, &report, true);
    else
        request_fail(request, rc, &fault);
}
