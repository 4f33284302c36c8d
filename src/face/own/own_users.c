#include "face/own/own_users.h"

#include "app/erase_plan.h"
#include "app/history.h"
#include "app/history_model.h"
#include "face/face.h"
#include "face/own/own_users_encode.h"
#include "face/read.h"
#include "face/show.h"
#include "face/snapshot.h"
#include "face/work.h"
#include "face/write.h"
#include "http/answer_stream.h"

/* "enrollments" and "progress" of the open object. The learner is a snapshot's, or of a model of one's own.
 */
static void put_learner(struct json_out *out, struct arena *arena, struct view view,
                        const struct learner *learner)
{
    uint32_t count = 0, steps = 0;
    const struct record **records = learner ? records_of_learner(arena, learner, &count) : NULL;

    if (learner)                            /* of nobody there is no model either */
        (void)model_read_begin(view.model); /* the same view */
    json_put_open(out, "enrollments", '[');
    for (uint32_t i = 0; learner && i < learner->enrolment_count; i++) {
        own_put_enrolment(out, arena, view, &learner->enrolments[i]);
        (void)view_pause(view, &steps, 1); /* nothing is kept from before it */
    }
    json_close(out, ']');
    json_put_open(out, "progress", '[');
    for (uint32_t i = 0; records && i < count; i++) {
        own_put_record(out, view, records[i]);
        (void)view_pause(view, &steps, 1); /* likewise */
    }
    json_close(out, ']');
    if (learner)
        model_read_end(view);
}

/* ---- GET /api/v1/users/{id}/progress ---- */

static enum rc put_past(struct request *request, const char *as_of, uint32_t learner, struct fault *fault)
{
    struct face_context *context = face_of(request);
    struct json_out out = {&request->out, false};
    const struct history *history = engine_history(context->engine);
    struct model *model = NULL;
    struct bound bound;
    enum rc rc = history_bound(history, learner, as_of, "as_of", &bound, fault);

    if (rc == RC_OK && learner)
        rc = history_model(history, learner, &bound, &model, fault);
    if (rc != RC_OK)
        return rc;
    struct view view = {model, false};
    json_open(&out, '{');
    json_put_text(&out, "userId", request->params[0].bytes);
    json_put_text(&out, "asOf", as_of);
    put_learner(&out, &request->arena, view, learner ? view_learner(view, learner) : NULL);
    json_close(&out, '}');
    model_free(model);
    return RC_OK;
}

static enum rc put_now(struct request *request, uint32_t learner)
{
    struct json_out out = {&request->out, false};
    struct view view = model_read_begin(face_of(request)->model);
    struct snapshot snapshot;

    snapshot_take(view, learner, &snapshot);
    model_read_end(view);
    json_open(&out, '{');
    json_put_text(&out, "userId", request->params[0].bytes);
    json_put_null(&out, "asOf");
    put_learner(&out, &request->arena, view, snapshot.learner);
    json_close(&out, '}');
    snapshot_done(&snapshot);
    return RC_OK;
}

enum rc own_users_take(struct request *request, uint32_t *out_learner, struct fault *fault)
{
    enum rc rc = request_id_param(request, 0, "userId", fault);

    if (rc != RC_OK)
        return rc;
    struct view view = model_read_begin(face_of(request)->model);
    rc = face_may(request, view, ACCESS_PERSON, face_param(request, 0), 0, false, fault);
    *out_learner = view_learner_key(view, request->params[0].bytes, request->params[0].size);
    model_read_end(view);
    return rc;
}

static enum rc work_progress(struct request *request, struct fault *fault)
{
    const char *as_of = NULL;
    uint32_t learner = 0;
    enum rc rc = request_id_param(request, 0, "userId", fault);

    if (rc == RC_OK)
        rc = request_query(request, "as_of", &as_of, fault);
    if (rc == RC_OK && as_of)
        rc = history_readable(as_of, "as_of", fault);
    if (rc == RC_OK)
        rc = own_users_take(request, &learner, fault);
    if (rc != RC_OK)
        return rc;
    return as_of ? put_past(request, as_of, learner, fault) : put_now(request, learner);
}

void own_users_progress(struct request *request)
{
    const char *as_of = NULL;
    struct fault fault = {NULL, NULL};

    /* what is wrong with it, the work says */
    if (request_query(request, "as_of", &as_of, &fault) == RC_OK && as_of)
        face_work_long(request, work_progress, NULL);
    else
        face_work(request, work_progress, NULL);
}

/* ---- DELETE /api/v1/users/{id} ---- */

/* No word of the person: the answer may be kept for its Idempotency-Key. */
static void encode_erased(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "User erased");
    json_put_int(&out, "erasedEvents", command->count);
    json_name(&out, "receipt");
    if (command->sequence)
        json_int(&out, (int64_t)command->sequence);
    else
        json_null_value(&out);
    json_close(&out, '}');
}

/* Lives as long as the request. */
struct planning {
    struct answer_stream end; /* only for its end */
    struct erase_plan plan;
};

static void plan_done(struct request *request)
{
    erase_plan_done(&((struct planning *)(void *)request->stream)->plan);
}

/* What the engine would have to look up, so that it only looks at what is written meanwhile. */
static enum rc plan_erasure(struct request *request, struct fault *fault)
{
    struct face_context *context = face_of(request);
    const struct history *history = engine_history(context->engine);
    struct command *command = face_command(request, CMD_ERASE, FACE_LEARNER, face_param(request, 0));
    struct erase_plan *plan = &((struct planning *)(void *)request->stream)->plan;

    if (!command)
        return fault_no_memory(fault);
    command->plan = plan;
    request->command = command;
    enum rc rc =
        erase_plan_make(history, command->learner, engine_state(context->engine).sequence, plan, fault);
    if (rc == RC_OK) /* what came while that was looked up */
        rc = erase_plan_extend(history, engine_state(context->engine).sequence, plan, fault);
    return rc;
}

static void submit_erasure(struct request *request)
{
    face_submit(request, request->command, encode_erased);
}

void own_users_erase(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct planning *planning = arena_alloc(&request->arena, sizeof *planning);
    uint32_t learner;
    enum rc rc = planning ? own_users_take(request, &learner, &fault) : fault_no_memory(&fault);

    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    *planning = (struct planning){.end = {.end = plan_done}};
    request_will_stream(request, &planning->end);
    face_work_long(request, plan_erasure, submit_erasure);
}
