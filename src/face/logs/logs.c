#include "face/logs/logs.h"

#include "face/logs/logs_decode.h"
#include "face/logs/logs_encode.h"
#include "face/work.h"

static struct store_log entry_of(const struct command *command)
{
    return (struct store_log){
        .log_id = command->log_id,
        .date_ms = command->log_date_ms,
        .created_ms = command->log_created_ms,
        .updated_ms = command->at_ms,
        .members = command->members,
        .members_size = command->members_size,
    };
}

/* ---- changes while a rollback's rows follow it ---- */

static enum rc work_wait(struct request *request, struct fault *fault)
{
    struct command *command = request->command;
    return log_history_wait(service_history(face_of(request)->service), command->learner_key, fault);
}

static void change_again(struct command *command)
{
    face_work(command->waiter, work_wait, write_submit);
}

/* ---- POST /api/progress/log ---- */

static void encode_post(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};
    struct store_log log = entry_of(command);

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "Progress logged successfully");
    json_put_int(&out, "id", (int64_t)command->log_id);
    json_name(&out, "log");
    logs_put_entry(&out, &log, command->learner.bytes);
    json_close(&out, '}');
    command->answer.status = 201;
    etag_of_log(log.log_id, log.updated_ms, command->answer.etag);
}

struct asking {
    struct request *request;
    enum user_verdict verdict;
};

/* The user service has spoken, or cannot be asked: then nothing is stored. Contract 5. */
static void judged(struct request *request)
{
    static const struct fault nobody = {"user_id", "the user service does not know this user"};
    static const struct fault silent = {NULL, "the user service cannot be asked; try again"};
    struct asking *asking = request->handler_state;

    if (asking->verdict == USER_YES)
        write_submit(request);
    else if (asking->verdict == USER_NO)
        request_fail(request, RC_INVALID, &nobody);
    else
        request_fail(request, RC_BUSY, &silent);
}

/* On a fetcher's thread. */
static void told(void *arg, const struct reply *reply)
{
    struct asking *asking = arg;

    asking->verdict = user_service_verdict(reply);
    request_resume(asking->request);
}

static void check_user(struct request *request, struct command *command)
{
    struct face_context *context = face_of(request);
    struct asking *asking = arena_alloc(&request->arena, sizeof *asking);

    if (!asking) {
        request_fail(request, RC_BUSY, &(struct fault){NULL, "out of memory"});
        return;
    }
    request->handler_state = asking;
    asking->request = request;
    asking->verdict = context->users ? user_service_known(context->users, command->learner.bytes) : USER_YES;
    if (asking->verdict != USER_NOT_ASKED) {
        judged(request);
        return;
    }
    const char *trace = request_traceparent(request);
    request_suspend(request, judged);
    user_service_ask(context->users, command->learner.bytes, trace, told, asking);
}

static enum rc decode_post(struct request *request, const struct body *body, struct command *command,
                           struct fault *fault)
{
    enum rc rc = face_id(request, body, "user_id", true, &command->learner, fault);

    if (rc == RC_OK)
        rc = logs_decode_entry(request, body, command, fault);
    return rc == RC_OK ? logs_needs_member(command, fault) : rc;
}

const struct write_handler logs_post = {CMD_LOG_ADD, .decode = decode_post, .before = check_user,
                                        .encode = encode_post, .again = change_again};

/* ---- PUT and DELETE /api/progress/log/{log_id} ---- */

static void encode_put(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};
    struct store_log log = entry_of(command);

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "Progress log updated");
    json_name(&out, "updated_log");
    logs_put_entry(&out, &log, command->learner.bytes);
    json_close(&out, '}');
    etag_of_log(log.log_id, log.updated_ms, command->answer.etag);
}

static enum rc decode_put(struct request *request, const struct body *body, struct command *command,
                          struct fault *fault)
{
    enum rc rc = logs_read_id(request, &command->log_id, fault);

    if (rc == RC_OK)
        rc = face_id(request, body, "user_id", false, &command->log_user, fault);
    if (rc == RC_OK)
        rc = logs_decode_entry(request, body, command, fault);
    return rc == RC_OK && !command->log_user.bytes ? logs_needs_member(command, fault) : rc;
}

const struct write_handler logs_put = {CMD_LOG_UPDATE, .decode = decode_put, .encode = encode_put,
                                       .again = change_again, .engine_asks = true};

static void encode_delete(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "Progress log deleted");
    json_put_int(&out, "deleted_log_id", (int64_t)command->log_id);
    json_close(&out, '}');
}

static enum rc decode_delete(struct request *request, const struct body *body, struct command *command,
                             struct fault *fault)
{
    (void)body;
    return logs_read_id(request, &command->log_id, fault);
}

const struct write_handler logs_delete = {CMD_LOG_DELETE, .decode = decode_delete, .encode = encode_delete,
                                          .again = change_again, .engine_asks = true};

/* ---- DELETE /api/progress/user/{user_id}/logs ---- */

static void encode_clear(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "All progress logs for user deleted");
    json_put_int(&out, "deleted_log_count", command->count);
    json_close(&out, '}');
}

const struct write_handler logs_clear = {CMD_LOGS_CLEAR, .encode = encode_clear, .again = change_again};
