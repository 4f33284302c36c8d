#include "face/server_face.h"

#include <string.h>

#include "face/face.h"

void server_healthz(struct request *request)
{
    buf_text(&request->out, "{\"status\":\"ok\"}");
    request_reply(request, 200, "application/json");
}

/* The build carries the files of ui/. */
extern const unsigned char ui_index_html[], ui_app_js[], ui_style_css[];
extern const unsigned long ui_index_html_size, ui_app_js_size, ui_style_css_size;

void server_page(struct request *request)
{
    const char *pattern = request->route->pattern;

    if (strcmp(pattern, "/ui/app.js") == 0)
        buf_add(&request->out, ui_app_js, ui_app_js_size);
    else if (strcmp(pattern, "/ui/style.css") == 0)
        buf_add(&request->out, ui_style_css, ui_style_css_size);
    else
        buf_add(&request->out, ui_index_html, ui_index_html_size);
    request_reply(request, 200, strcmp(pattern, "/ui/app.js") == 0    ? "text/javascript; charset=utf-8"
                                : strcmp(pattern, "/ui/style.css") == 0 ? "text/css; charset=utf-8"
                                                                        : "text/html; charset=utf-8");
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

static void put_one(struct buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name, (unsigned long long)value);
}

void server_metrics(struct request *request)
{
    struct face_context *context = face_of(request);
    struct engine_state state = engine_state(context->engine);
    struct buf *out = &request->out;

    put_one(out, "milepost_events_total", "counter", "Events stored since the start.", state.events);
    put_one(out, "milepost_commits_total", "counter", "Batches committed since the start.", state.batches);
    put_one(out, "milepost_commands_total", "counter", "Commands decided since the start.", state.commands);
    put_one(out, "milepost_queue_commands", "gauge", "Commands that wait for the engine.", state.queued);
    put_one(out, "milepost_unflushed_events", "gauge", "Events that the image file does not cover yet.",
            state.sequence - state.flushed);
    put_one(out, "milepost_writable", "gauge", "1: the last commit succeeded, and none hangs.", state.writable && !state.broken);
    context->write_metrics(context->metrics, out);
    request_reply(request, 200, "text/plain; version=0.0.4");
}
