#include "face/trk/trk.h"

#include "base/ident.h"
#include "face/read.h"
#include "face/show.h"
#include "face/trk/trk_decode.h"
#include "face/trk/trk_encode.h"

/* ---- POST /api/progress ---- */

/* completes: else it is a report. */
static void put_saved(struct command *command, struct view view, bool completes)
{
    struct json_out out = {command->answer.body, false};
    const struct learner *learner = view_learner(view, command->learner_key);
    const struct record *record = learner ? learner_record(learner, command->reports[0].item_key) : NULL;

    trk_open(&out, completes ? "Content marked as completed successfully" : "Progress updated successfully");
    if (record)
        trk_put_record(&out, command->arena, view, command->learner.bytes, record);
    else
        json_null_value(&out);
    json_close(&out, '}');
    command->answer.status = completes ? 200 : 201;
    etag_of_record(record, command->answer.etag);
}

static void encode_post(struct command *command, struct view view)
{
    put_saved(command, view, false);
}

static void encode_complete(struct command *command, struct view view)
{
    put_saved(command, view, true);
}

static enum rc decode_post(struct request *request, const struct body *body, struct command *command,
                           struct fault *fault)
{
    const struct caller *caller = face_caller(request);

    command->learner = (struct text){caller->id, caller->id_size};
    if (!face_reports(request, command, 1))
        return fault_no_memory(fault);
    return trk_decode_post(request, body, &command->reports[0], fault);
}

const struct write_handler trk_post = {CMD_REPORTS, .decode = decode_post, .encode = encode_post,
                                       .all_or_nothing = true};

/* ---- PUT /api/progress/:id/complete ---- */

/* Asks of the record that the path's id names, and notes whose it is, of what. One that is not there is
 * refused after Idempotency-Key: contract 1. */
static enum rc may_complete(struct request *request, struct view view, struct command *command,
                            struct fault *fault)
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
    if (!record)
        return RC_OK;
    /* copies: an erasure takes the bytes away */
    command->learner = face_call(request)->user =
        arena_text(&request->arena, view_id(view, ENTITY_LEARNER, owner));
    command->reports[0].item = arena_text(&request->arena, view_id(view, ENTITY_ITEM, record->item));
    command->record_id = record->id;
    if (!command->learner.bytes || !command->reports[0].item.bytes)
        return fault_no_memory(fault);
    return face_may(request, view, (enum access_rule)request->route->rule, command->learner, 0, false, fault);
}

static void before_complete(struct request *request, struct command *command)
{
    if (command->reports[0].item.bytes)
        write_submit(request);
    else
        request_fail(request, RC_NOT_FOUND, &(struct fault){NULL, "Progress not found"});
}

static enum rc decode_complete(struct request *request, const struct body *body, struct command *command,
                               struct fault *fault)
{
    if (!face_reports(request, command, 1))
        return fault_no_memory(fault);
    struct report *report = &command->reports[0].report;
    report->has = HAS_STATUS;
    report->status = ITEM_COMPLETED;
    return body->root ? trk_decode_score(body, report, fault) : RC_OK;
}

const struct write_handler trk_complete = {
    CMD_REPORTS,   .decode = decode_complete, .may = may_complete,   .before = before_complete,
    .looks = true, .encode = encode_complete, .all_or_nothing = true};
