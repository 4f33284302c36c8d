#include "face/own/own_users.h"

#include "app/erase_plan.h"
#include "app/history.h"
#include "app/history_model.h"
#include "app/snapshot.h"
#include "face/own/own_users_encode.h"
#include "face/show.h"
#include "face/work.h"
#include "http/answer_stream.h"

/* "enrollments" and "progress" of the open object. The learner is a snapshot's, or of a model of one's own.
 */
static void put_learner(struct json_out *out, struct arena *arena, struct view view,
                        const struct learner *learner)
{
    uint32_t count = 0, steps = 0;
    const struct record **records = learner ? records_of_learner(arena, learner, &count) : NULL;

    if (learner)         /* of nobody there is no model either */
        view_hold(view); /* the same view */
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
        service_read_end(view);
}

/* ---- GET /api/v1/users/{id}/progress ---- */

struct progress_read {
    struct slow slow;
    const char *as_of; /* NULL: now */
    uint32_t learner;
    struct snapshot snapshot; /* now */
};

static enum rc progress_decode(struct slow *slow, const struct body *body, struct fault *fault)
{
    struct progress_read *read = (struct progress_read *)slow;
    enum rc rc = request_query(slow->request, "as_of", &read->as_of, fault);

    (void)body;
    slow->is_long = read->as_of != NULL;
    return rc == RC_OK && read->as_of ? history_readable(read->as_of, "as_of", fault) : rc;
}

static enum rc progress_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct progress_read *read = (struct progress_read *)slow;

    (void)fault;
    read->learner = found->learner;
    if (!read->as_of)
        snapshot_take(found->view, found->learner, &read->snapshot);
    return RC_OK;
}

static void put_progress(struct progress_read *read, struct view view, const struct learner *learner)
{
    struct json_out *out = &read->slow.out;
    struct request *request = read->slow.request;

    json_open(out, '{');
    json_put_text(out, "userId", face_call(request)->user.bytes);
    json_put_text(out, "asOf", read->as_of);
    put_learner(out, &request->arena, view, learner);
    json_close(out, '}');
}

/* In one go: what was is made for this answer alone. */
static enum rc progress_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct progress_read *read = (struct progress_read *)slow;
    struct face_context *context = face_of(slow->request);
    const struct history *history = service_history(context->service);
    struct model *model = NULL;
    struct bound bound;
    enum rc rc = RC_OK;

    *out_last = true;
    if (!read->as_of) {
        put_progress(read, service_view(context->service), read->snapshot.learner);
        return RC_OK;
    }
    rc = history_bound(history, read->learner, read->as_of, "as_of", &bound, fault);
    if (rc == RC_OK && read->learner)
        rc = history_model(history, read->learner, &bound, &model, fault);
    if (rc != RC_OK)
        return rc;
    struct view view = {model, false};
    put_progress(read, view, read->learner ? view_learner(view, read->learner) : NULL);
    model_free(model);
    return RC_OK;
}

static void progress_close(struct slow *slow)
{
    snapshot_done(&((struct progress_read *)slow)->snapshot);
}

const struct slow_handler own_users_progress = {sizeof(struct progress_read), .decode = progress_decode,
                                                .open = progress_open, .step = progress_step,
                                                .close = progress_close};

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
    const struct history *history = service_history(context->service);
    struct command *command = request->command;
    struct erase_plan *plan = &((struct planning *)(void *)request->stream)->plan;

    command->plan = plan;
    enum rc rc =
        erase_plan_make(history, command->learner, service_state(context->service).sequence, plan, fault);
    if (rc == RC_OK) /* what came while that was looked up */
        rc = erase_plan_extend(history, service_state(context->service).sequence, plan, fault);
    return rc;
}

static void erase_before(struct request *request, struct command *command)
{
    struct planning *planning = arena_alloc(&request->arena, sizeof *planning);

    (void)command;
    if (!planning) {
        request_fail(request, RC_BUSY, &(struct fault){NULL, "out of memory"});
        return;
    }
    planning->end.end = plan_done;
    request_will_stream(request, &planning->end);
    face_work_long(request, plan_erasure, write_submit);
}

const struct write_handler own_users_erase = {CMD_ERASE, .before = erase_before, .looks = true,
                                              .encode = encode_erased};
