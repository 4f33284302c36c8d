#include "face/logs/logs_rollback.h"

#include <string.h>

#include "app/rollback.h"
#include "base/ident.h"
#include "base/instant.h"
#include "face/work.h"
#include "http/json_out.h"

struct rolling {
    struct rollback rollback;
    const char *to; /* as the client wrote it */
    int tries;
};

static struct rolling *rolling_of(const struct command *command)
{
    return (struct rolling *)((char *)(uintptr_t)command->rollback - offsetof(struct rolling, rollback));
}

static void encode_rolled_back(struct command *command, struct view view)
{
    struct json_out out = {command->answer.body, false};
    const char *to = rolling_of(command)->to;
    int64_t event_id;

    (void)view;
    json_open(&out, '{');
    json_put_text(&out, "message", "Progress logs rolled back");
    json_put_text(&out, "user_id", command->learner.bytes);
    json_put_int(&out, "event_id", (int64_t)command->sequence);
    json_name(&out, "to");
    if (ident_integer(to, strlen(to), &event_id))
        json_int(&out, event_id);
    else
        json_text(&out, to, strlen(to));
    json_put_int(&out, "total_logs", command->count);
    json_close(&out, '}');
}

/* An event id, as a number or its digits, or an instant. */
static enum rc decode_to(struct request *request, const struct body *body, const char **out,
                         struct fault *fault)
{
    json_t *value = body_get(body, "to");
    int64_t number;

    if (json_is_number(value)) {
        enum rc rc = json_in_integer(value, "to", 1, INT64_MAX, &number, fault);
        *out = rc == RC_OK ? arena_printf(&request->arena, "%lld", (long long)number) : NULL;
        return rc == RC_OK && !*out ? fault_no_memory(fault) : rc;
    }
    const char *text = NULL;
    int64_t at_ms;
    enum rc rc = json_in_text(value, "to", 64, &text, fault);
    if (rc == RC_OK && !ident_integer(text, strlen(text), &number) &&
        instant_parse(text, strlen(text), &at_ms) == INSTANT_NONE)
        return fault_set(fault, RC_INVALID, "to", "must be an event id or an ISO 8601 instant");
    *out = rc == RC_OK ? arena_copy(&request->arena, text, strlen(text)) : NULL;
    return rc == RC_OK && !*out ? fault_no_memory(fault) : rc;
}

static enum rc work_rollback(struct request *request, struct fault *fault)
{
    struct face_context *context = face_of(request);
    struct command *command = request->command;
    struct rolling *rolling = rolling_of(command);
    struct view view = service_read_begin(context->service);
    uint32_t learner = view_learner_key(view, command->learner.bytes, command->learner.size);

    service_read_end(view);
    return rollback_prepare(service_history(context->service), learner, rolling->to, "to", &request->arena,
                            &rolling->rollback, fault);
}

/* The entries changed while it was found out what to change. */
static void roll_back_again(struct command *command)
{
    struct request *request = command->waiter;

    if (++rolling_of(command)->tries < ROLLBACK_TRIES)
        face_work_long(request, work_rollback, write_submit);
    else
        request_fail(request, RC_BUSY, &(struct fault){NULL, "the logs are being changed; try again"});
}

static enum rc decode_rollback(struct request *request, const struct body *body, struct command *command,
                               struct fault *fault)
{
    struct rolling *rolling = arena_alloc(&request->arena, sizeof *rolling);

    if (!rolling)
        return fault_no_memory(fault);
    command->rollback = &rolling->rollback;
    return decode_to(request, body, &rolling->to, fault);
}

static void before_rollback(struct request *request, struct command *command)
{
    (void)command;
    face_work_long(request, work_rollback, write_submit);
}

const struct write_handler logs_roll_back = {CMD_LOGS_ROLL_BACK,           .decode = decode_rollback,
                                             .before = before_rollback,    .looks = true,
                                             .encode = encode_rolled_back, .again = roll_back_again};
