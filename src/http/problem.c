#include "http/problem.h"

#include <string.h>

#include "http/json_out.h"
#include "http/request.h"

/* One list: result, status, title. */
static const struct {
    enum rc rc;
    int status;
    const char *title;
} problems[] = {
    {RC_INVALID, 400, "Bad Request"},
    {RC_UNAUTHENTICATED, 401, "Unauthorized"},
    {RC_UNKNOWN_KEY, 401, "Unauthorized"},
    {RC_DENIED, 403, "Forbidden"},
    {RC_NOT_FOUND, 404, "Not Found"},
    {RC_METHOD, 405, "Method Not Allowed"},
    {RC_NOT_ACCEPTABLE, 406, "Not Acceptable"},
    {RC_UPGRADE, 426, "Upgrade Required"},
    {RC_CONFLICT, 409, "Conflict"},
    {RC_STALE_MATCH, 412, "Precondition Failed"},
    {RC_TOO_LARGE, 413, "Content Too Large"},
    {RC_URI_TOO_LONG, 414, "URI Too Long"},
    {RC_MEDIA_TYPE, 415, "Unsupported Media Type"},
    {RC_KEY_REUSED, 422, "Unprocessable Content"},
    {RC_TOO_MANY, 429, "Too Many Requests"},
    {RC_HEAD_TOO_LARGE, 431, "Request Header Fields Too Large"},
    {RC_NOT_IMPLEMENTED, 501, "Not Implemented"},
    {RC_BUSY, 503, "Service Unavailable"},
    {RC_INTERNAL, 500, "Internal Server Error"},
};

int http_status_of(enum rc rc)
{
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        if (problems[i].rc == rc)
            return problems[i].status;
    return 500;
}

const char *http_reason(int status)
{
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        if (problems[i].status == status)
            return problems[i].title;
    return "Internal Server Error";
}

/* "contentId is required": a message that stands alone names its field. */
static const char *full_message(struct request *request, enum rc rc, const struct fault *fault)
{
    if (rc == RC_INTERNAL || !fault->message)
        return rc == RC_INTERNAL ? "internal error; see the server's log for this request id"
                                 : http_reason(http_status_of(rc));
    if (!fault->field || strstr(fault->message, fault->field))
        return fault->message;
    const char *text = arena_printf(&request->arena, "%s: %s", fault->field, fault->message);
    return text ? text : fault->message;
}

void request_fail(struct request *request, enum rc rc, const struct fault *fault)
{
    struct json_out json = {&request->out, false};
    int status = http_status_of(rc);
    const char *message = full_message(request, rc, fault);

    buf_clear(&request->out);
    json_open(&json, '{');
    json_put_text(&json, "type", "about:blank");
    json_put_text(&json, "title", http_reason(status));
    json_put_int(&json, "status", status);
    json_put_text(&json, "detail", message);
    json_put_bool(&json, "success", false);
    json_put_text(&json, "message", message);
    json_put_text(&json, "error", message);
    if (rc == RC_INVALID) {
        json_put_open(&json, "errors", '[');
        if (fault->field) {
            json_open(&json, '{');
            json_put_text(&json, "field", fault->field);
            json_put_text(&json, "msg", fault->message);
            json_close(&json, '}');
        }
        json_close(&json, ']');
    }
    json_put_text(&json, "requestId", request->request_id);
    json_close(&json, '}');
    request->etag[0] = '\0';
    request->retry_after = rc == RC_BUSY || rc == RC_TOO_MANY;
    request->challenge = status == 401;
    request->upgrade_hint = status == 426;
    request->refused = fault->text[0] ? arena_printf(&request->arena, "%s", fault->text) : fault->message;
    request_reply(request, status, "application/problem+json");
}
