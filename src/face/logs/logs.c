#include "face/logs/logs.h"

#include "face/body.h"
#include "face/face.h"
#include "face/logs/logs_decode.h"
#include "face/logs/logs_encode.h"
#include "face/read.h"
#include "face/work.h"
#include "face/write.h"

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
    return logbook_wait(face_of(request)->engine, command->learner_key, fault);
}

static void submit_again(struct request *request)
{
    struct command *command = request->command;
    face_submit(request, command, command->encode);
}

static void change_again(struct command *command)
{
    face_work(command->waiter, work_wait, submit_again);
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
    struct command *command = request->command;

    command->again = change_again;
    if (asking->verdict == USER_YES)
        face_submit(request, command, encode_post);
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
    request->command = command;
    request->handler_state = asking;
    asking->request = request;
    asking->verdict = context->users ? user_service_known(context->users, command->learner.bytes) : USER_YES;
    if (asking->verdict != USER_NOT_ASKED) {
        judged(request);
        return;
    }
    request_suspend(request, judged);
    user_service_ask(context->users, command->learner.bytes, told, asking);
}

void logs_post(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct text user = {NULL, 0};
    struct command *command = NULL;
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = face_body(request, SPELLING_EXACT, &body, &fault);

    if (rc == RC_OK)
        rc = face_id(request, &body, "user_id", true, &user, &fault);
    if (rc == RC_OK) {
        command = face_command(request, CMD_LOG_ADD, FACE_LOGS, user);
        rc = command ? logs_decode_entry(request, &body, command, &fault) : fault_no_memory(&fault);
    }
    if (rc == RC_OK)
        rc = logs_needs_member(command, &fault);
    if (rc == RC_OK)
        rc = face_may_user(request, user, &fault);
    if (rc == RC_OK)
        check_user(request, command);
    else
        request_fail(request, rc, &fault);
}

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

/* A command on an entry: whose it is, and so whether the caller may, is found by the engine, which looks it
 * up anyhow. */
static struct command *entry_command(struct request *request, enum command_kind kind, uint64_t log_id)
{
    struct command *command = face_command(request, kind, FACE_LOGS, (struct text){"", 0});

    if (command) {
        command->log_id = log_id;
        command->caller = face_caller(request);
        command->again = change_again;
    }
    return command;
}

void logs_put(struct request *request)
{
    struct fault fault = {NULL, NULL};
    struct text named = {NULL, 0};
    struct command *command = NULL;
    uint64_t log_id = 0;
    BODY body = {NULL, SPELLING_EXACT};
    enum rc rc = logs_read_id(request, &log_id, &fault);

    if (rc == RC_OK)
        rc = face_body(request, SPELLING_EXACT, &body, &fault);
    if (rc == RC_OK)
        rc = face_id(request, &body, "user_id", false, &named, &fault);
    if (rc == RC_OK) {
        command = entry_command(request, CMD_LOG_UPDATE, log_id);
        rc = command ? logs_decode_entry(request, &body, command, &fault) : fault_no_memory(&fault);
    }
    if (rc == RC_OK && !named.bytes)
        rc = logs_needs_member(command, &fault);
    if (rc != RC_OK) {
        request_fail(request, rc, &fault);
        return;
    }
    command->log_user = named;
    face_submit(request, command, encode_put);
}

static void encode_delete(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "Progress log deleted");
    json_put_int(&out, "deleted_log_id", (int64_t)command->log_id);
    json_close(&out, '}');
}

void logs_delete(struct request *request)
{
    struct fault fault = {NULL, NULL};
    uint64_t log_id = 0;
    enum rc rc = logs_read_id(request, &log_id, &fault);
    struct command *command = rc == RC_OK ? entry_command(request, CMD_LOG_DELETE, log_id) : NULL;

    if (rc == RC_OK && command)
        face_submit(request, command, encode_delete);
    else
        request_fail(request, rc == RC_OK ? RC_BUSY : rc, &fault);
}

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

void logs_clear(struct request *request)
{
    struct fault fault = {NULL, NULL};
    enum rc rc = request_id_param(request, 0, "user_id", &fault);

    if (rc == RC_OK)
        rc = face_may_user(request, face_param(request, 0), &fault);
    struct command *command =
        rc == RC_OK ? face_command(request, CMD_LOGS_CLEAR, FACE_LOGS, face_param(request, 0)) : NULL;
    if (rc == RC_OK && !command)
        rc = fault_no_memory(&fault);
    if (command)
        command->again = change_again;
    if (rc == RC_OK)
        face_submit(request, command, encode_clear);
    else
        request_fail(request, rc, &fault);
}
