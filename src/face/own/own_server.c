#include "face/own/own_server.h"

#include <string.h>

#include "app/read_index.h"
#include "face/face.h"
#include "face/own/own_system.h"
#include "http/bodies.h"
#include "http/json_out.h"
#include "hub/hub.h"

void own_server_healthz(struct request *request)
{
    buf_text(&request->out, "{\"status\":\"ok\"}");
    request_reply(request, 200, "application/json");
}

/* Why writes are refused; all that hold. */
static void put_reasons(struct json_out *out, const struct engine_state *state, bool away)
{
    const struct {
        bool holds;
        const char *text;
    } reasons[] = {
        {state->broken, "the disk failed; the process ends"},
        {away, "the database cannot be reached"},
        {state->failing_since_ms != 0, "the last write failed (a full disk?)"},
        {state->copy_failing_since_ms != 0, "the node's own disk has no room for its copy of the log"},
        {state->in_doubt_since_ms != 0, "it is not known yet what became of the last write"},
        {state->stalled, "a commit hangs"},
        {state->behind, "the checkpoint file cannot be written and is too far behind"},
    };

    json_put_open(out, "reasons", '[');
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].holds)
            json_text(out, reasons[i].text, strlen(reasons[i].text));
    json_close(out, ']');
}

static void put_since(struct json_out *out, const char *name, int64_t since_ms)
{
    if (since_ms)
        json_put_instant(out, name, since_ms);
    else
        json_put_null(out, name);
}

/* How far this node has followed the log that it shares. */
static void put_log(struct json_out *out, const struct read_index_state *nodes)
{
    json_put_open(out, "log", '{');
    json_put_int(out, "turn", (int64_t)nodes->turn);
    json_put_int(out, "head", (int64_t)nodes->head);
    json_put_int(out, "behind", nodes->head > nodes->turn ? (int64_t)(nodes->head - nodes->turn) : 0);
    put_since(out, "awaySince", nodes->away_since_ms);
    json_close(out, '}');
}

/* 503 while a write would be refused. What is only about to go wrong (the checkpoint file, another service)
 * is told in a 200: taking the server out of rotation would not help. */
void own_server_readyz(struct request *request)
{
    struct engine_state state = service_state(face_of(request)->service);
    struct read_index *index = face_of(request)->read_index;
    struct read_index_state nodes = {.away_since_ms = 0};
    struct json_out out = {&request->out, false};

    if (index)
        nodes = read_index_state(index);
    bool ready = state.writable && !nodes.away_since_ms;
    json_open(&out, '{');
    json_put_text(&out, "status", ready ? "ready" : state.broken ? "broken" : "read-only");
    put_reasons(&out, &state, nodes.away_since_ms != 0);
    put_since(&out, "writesFailingSince", state.failing_since_ms);
    put_since(&out, "checkpointFailingSince", state.checkpoint_failing_since_ms);
    json_put_int(&out, "sequence", (int64_t)state.sequence);
    json_put_int(&out, "unflushedEvents", (int64_t)(state.sequence - state.checkpointed));
    json_put_int(&out, "queued", state.queued);
    if (index)
        put_log(&out, &nodes);
    own_put_upstreams(&out, face_of(request), false);
    json_close(&out, '}');
    request->retry_after = !ready;
    request_reply(request, ready ? 200 : 503, "application/json");
}

static void put_one(struct buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
               (unsigned long long)value);
}

static uint64_t seconds_since(struct face_context *context, int64_t since_ms)
{
    int64_t now_ms = context->now_ms();
    return since_ms && now_ms > since_ms ? (uint64_t)(now_ms - since_ms) / 1000 : 0;
}

static void put_engine(struct buf *out, struct face_context *context)
{
    struct engine_state state = service_state(context->service);

    put_one(out, "milepost_events_total", "counter", "Events stored since the start.", state.events);
    put_one(out, "milepost_commits_total", "counter", "Batches committed since the start.", state.batches);
    put_one(out, "milepost_commands_total", "counter", "Commands decided since the start.", state.commands);
    put_one(out, "milepost_queue_commands", "gauge", "Commands that wait for the engine.", state.queued);
    put_one(out, "milepost_unflushed_events", "gauge", "Events that the checkpoint file does not cover yet.",
            state.sequence - state.checkpointed);
    put_one(out, "milepost_writable", "gauge", "1: writes are taken; 0: /readyz says why not.",
            state.writable);
    put_one(out, "milepost_writes_failing", "gauge", "1: a commit failed and none has succeeded since.",
            state.failing_since_ms != 0);
    put_one(out, "milepost_writes_failing_seconds", "gauge", "For how long.",
            seconds_since(context, state.failing_since_ms));
    put_one(out, "milepost_commit_stalled", "gauge", "1: a commit has hung for 5 s or more.", state.stalled);
    put_one(out, "milepost_checkpoint_failing", "gauge", "1: the checkpoint file cannot be written.",
            state.checkpoint_failing_since_ms != 0);
    put_one(out, "milepost_checkpoint_failing_seconds", "gauge", "For how long.",
            seconds_since(context, state.checkpoint_failing_since_ms));
    put_one(out, "milepost_checkpoint_too_long", "gauge",
            "Learners whose state no row of the checkpoint file holds.", state.too_long);
}

/* Where the time of a write goes, step by step. */
static void put_steps(struct buf *out, struct face_context *context)
{
    const struct engine_timings *timings = service_timings(context->service);
    const struct {
        const char *name, *help;
        const struct histogram *values;
        const uint64_t *bounds;
        uint64_t unit;
    } steps[] = {
        {"milepost_queue_seconds", "Time that a command waited for the engine to begin with it.",
         &timings->queue_us, histogram_steps_us, 1000000},
        {"milepost_decide_seconds", "Time of deciding a batch, before it is committed.", &timings->decide_us,
         histogram_steps_us, 1000000},
        {"milepost_batch_commands", "Commands that one commit held.", &timings->batch_commands,
         histogram_sizes, 1},
        {"milepost_commit_seconds", "Time of a commit in the log, its fsync included.", &timings->commit_us,
         histogram_times_us, 1000000},
        {"milepost_fsync_seconds", "Time of an fsync of this node's own log file.",
         service_sync_times(context->service), histogram_steps_us, 1000000},
        {"milepost_push_seconds",
         "Time from a commit's publish until it was first offered to a stream's socket.",
         hub_push_times(context->hub), histogram_steps_us, 1000000},
        {"milepost_checkpoint_seconds", "Time of writing a checkpoint.",
         service_checkpoint_times(context->service), histogram_times_us, 1000000},
    };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        buf_printf(out, "# HELP %s %s\n# TYPE %s histogram\n", steps[i].name, steps[i].help, steps[i].name);
        histogram_write(steps[i].values, steps[i].bounds, steps[i].unit, steps[i].name, "", out);
    }
}

static void put_nodes(struct buf *out, struct face_context *context)
{
    if (!context->read_index)
        return;
    struct read_index_state nodes = read_index_state(context->read_index);
    struct log_costs costs = service_log_costs(context->service);

    put_one(out, "milepost_log_away", "gauge", "1: the database cannot be reached.",
            nodes.away_since_ms != 0);
    put_one(out, "milepost_log_turn", "gauge", "The turn that the model holds.", nodes.turn);
    put_one(out, "milepost_log_head", "gauge", "The last turn that the database told.", nodes.head);
    put_one(out, "milepost_log_head_waits_total", "counter", "Requests that waited for the log's head.",
            nodes.waits);
    put_one(out, "milepost_log_head_asked_total", "counter", "Times that the head was asked.", nodes.asked);
    put_one(out, "milepost_log_head_microseconds_total", "counter", "How long the answers took.",
            nodes.ask_us);
    put_one(out, "milepost_log_fold_microseconds_total", "counter",
            "How long the model then took to be there.", nodes.fold_us);
    put_one(out, "milepost_log_turns_total", "counter", "Turns that this node took.", costs.turns);
    put_one(out, "milepost_log_turn_microseconds_total", "counter",
            "How long it waited for them, with what others wrote.", costs.turn_us);
    put_one(out, "milepost_log_commits_total", "counter", "Batches that it wrote.", costs.commits);
    put_one(out, "milepost_log_commit_microseconds_total", "counter", "How long their commits took.",
            costs.commit_us);
    put_one(out, "milepost_log_doubts_total", "counter", "Commits whose outcome had to be looked up.",
            costs.doubts);
    put_one(out, "milepost_log_followed_total", "counter", "Batches of others that it took over.",
            costs.followed);
    put_one(out, "milepost_log_take_microseconds_total", "counter",
            "How long it took to fold and copy them; of a turn, part of the wait for it.", costs.take_us);
}

static void put_workers(struct buf *out, struct face_context *context)
{
    struct worker_state workers = worker_state(context->worker);
    uint64_t bytes = 0;
    size_t kept = idempotency_count(context->answers, &bytes);

    put_one(out, "milepost_worker_waiting", "gauge", "Long reads that wait for a worker.", workers.waiting);
    put_one(out, "milepost_worker_held", "gauge",
            "Long reads that are under way and have more turns to come.", workers.held);
    put_one(out, "milepost_worker_running", "gauge", "Workers that are at work.", workers.running);
    put_one(out, "milepost_kept_answers", "gauge", "Idempotency-Keys that are live.", kept);
    put_one(out, "milepost_kept_answer_bytes", "gauge", "Bytes of the answers kept for them.", bytes);
}

static void put_upstream_figures(struct buf *out, struct face_context *context)
{
    static const char *const kinds[] = {"calls_total", "failed_total", "refused_total"};
    struct fetcher_state states[UPSTREAM_COUNT];
    int count = 0;

    for (int i = 0; i < UPSTREAM_COUNT; i++)
        if (context->upstreams[i])
            states[count++] = fetcher_state(context->upstreams[i]);
    buf_text(out, "# HELP milepost_upstream_open 1: the service failed 5 times in a row and is left alone.\n"
                  "# TYPE milepost_upstream_open gauge\n");
    for (int i = 0; i < count; i++)
        buf_printf(out, "milepost_upstream_open{upstream=\"%s\"} %d\n", states[i].name,
                   states[i].rest != FETCHER_WORKS);
    buf_text(out, "# HELP milepost_upstream_queue Calls that wait or are under way.\n# TYPE "
                  "milepost_upstream_queue gauge\n");
    for (int i = 0; i < count; i++)
        buf_printf(out, "milepost_upstream_queue{upstream=\"%s\"} %d\n", states[i].name,
                   states[i].queued + states[i].under_way);
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        buf_printf(out,
                   "# HELP milepost_upstream_%s Calls made, that failed, that were not made.\n"
                   "# TYPE milepost_upstream_%s counter\n",
                   kinds[kind], kinds[kind]);
        for (int i = 0; i < count; i++) {
            const uint64_t values[] = {states[i].calls, states[i].failed, states[i].refused};
            buf_printf(out, "milepost_upstream_%s{upstream=\"%s\"} %llu\n", kinds[kind], states[i].name,
                       (unsigned long long)values[kind]);
        }
    }
}

static void put_upstream_times(struct buf *out, struct face_context *context)
{
    buf_text(out, "# HELP milepost_upstream_seconds Time of a call, also of one that failed.\n"
                  "# TYPE milepost_upstream_seconds histogram\n");
    for (int i = 0; i < UPSTREAM_COUNT; i++) {
        if (!context->upstreams[i])
            continue;
        char labels[48];
        (void)snprintf(labels, sizeof labels, "upstream=\"%s\",", fetcher_state(context->upstreams[i]).name);
        histogram_write(fetcher_times(context->upstreams[i]), histogram_times_us, 1000000,
                        "milepost_upstream_seconds", labels, out);
    }
}

static void put_streams(struct buf *out, struct face_context *context)
{
    struct hub_state hub = hub_state(context->hub);

    put_one(out, "milepost_streams", "gauge", "Streams of GET /progress/realtime.", hub.streams);
    put_one(out, "milepost_stream_events_total", "counter", "Events that somebody who watches was told of.",
            hub.events);
    put_one(out, "milepost_stream_messages_total", "counter", "Messages told, one for each who was told.",
            hub.messages);
    put_one(out, "milepost_stream_messages_per_second", "gauge", "Of them, in the last second or so.",
            (uint64_t)hub.messages_per_second);
    put_one(out, "milepost_stream_messages_from_log_total", "counter",
            "Those of them that came from the log.", hub.caught_up);
    put_one(out, "milepost_streams_dropped_total", "counter", "Streams whose reader was too slow.",
            hub.dropped);
    put_one(out, "milepost_stream_waiting_bytes", "gauge", "Bytes of messages that wait for their readers.",
            hub.waiting_bytes);
}

void own_server_metrics(struct request *request)
{
    struct face_context *context = face_of(request);
    struct buf *out = &request->out;

    put_engine(out, context);
    put_steps(out, context);
    put_nodes(out, context);
    put_workers(out, context);
    put_streams(out, context);
    put_one(out, "milepost_body_bytes", "gauge",
            "Bytes of request bodies in memory, those of up to 8 KiB not counted.",
            bodies_held(request->bodies));
    put_upstream_figures(out, context);
    put_upstream_times(out, context);
    context->write_metrics(context->counted, out);
    request_reply(request, 200, "text/plain; version=0.0.4");
}
