#include "face/server_face.h"

#include "face/face.h"

void server_healthz(struct request *request)
{
    buf_text(&request->out, "{\"status\":\"ok\"}");
    request_reply(request, 200, "application/json");
}

void server_readyz(struct request *request)
{
    struct engine_state state = engine_state(face_of(request)->engine);
    struct json_out out = {&request->out, false};
    bool ready = state.writable && !state.broken;

    json_open(&out, '{');
    json_put_text(&out, "status", ready ? "ready" : state.broken ? "broken" : "read-only");
    json_put_int(&out, "sequence", (int64_t)state.sequence);
    json_put_int(&out, "unflushedEvents", (int64_t)(state.sequence - state.flushed));
    json_put_int(&out, "queued", state.queued);
    json_close(&out, '}');
    request->retry_after = !ready;
    request_reply(request, ready ? 200 : 503, "application/json");
}
