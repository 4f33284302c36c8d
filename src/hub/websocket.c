#include "hub/websocket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <wslay/wslay.h>

#include "base/monotonic.h"
#include "hub/subscriber.h"

/* What comes over a WebSocket: frames are the library's, messages go to the source. The library's state of a
 * connection takes 9 KB, so it is there only while something is half received. */

enum {
    MESSAGE_MAX = 1 << 20,           /* contract 1, Errors: as a body */
    INCOMING_MAX = 64 * 1024 * 1024, /* of half-received messages, all streams together */
    FREE_BYTES = 16 * 1024,          /* of one that count for nothing there */
    WHOLE_MS = 60000,                /* a message must be whole so soon, unless the settings say otherwise */
    READ_MAX = 16 * 1024,            /* from one client a turn */
    WRITES_MAX = 32,                 /* of one client under way; more is not read meanwhile */
};

struct websocket {
    wslay_event_context_ptr context; /* NULL: nothing is half received */
    struct buf out;                  /* what it writes in one go */
    struct buf incoming;             /* of a message that is not whole */
    size_t charged;
    int64_t begun_ms;    /* when that, or a frame, began; 0: none is */
    uint64_t fed, taken; /* bytes: what the context got, what its whole frames had */
    uint64_t payload;    /* of the frame that is being received */
    size_t read;         /* in this turn */
    uint8_t opcode;      /* of the message */
    bool in_control, fragmented, gone, close_sent, close_received;
    bool broken; /* nothing more of it can be understood */
};

struct write {
    struct hub_write write; /* first */
    struct post post;       /* what is to be done next: run, or the answer */
    void (*run)(struct hub_write *write);
    struct subscriber *stream;
    char *answer;
    size_t answer_size;
    bool is_lost; /* the answer; there was no memory for it */
    char bytes[];
};

static void charge(struct subscriber *stream)
{
    struct websocket *socket = stream->websocket;
    size_t now = socket->incoming.capacity > FREE_BYTES ? socket->incoming.capacity : 0;

    stream->hub->incoming_bytes += now - socket->charged;
    socket->charged = now;
}

/* ---- out ---- */

static ssize_t on_send(wslay_event_context_ptr context, const uint8_t *bytes, size_t size, int flags,
                       void *arg)
{
    struct subscriber *stream = arg;

    (void)context;
    (void)flags;
    buf_add(&stream->websocket->out, bytes, size);
    return (ssize_t)size;
}

/* Whatever the library has to say, as one message. */
static void send_out(struct subscriber *stream)
{
    struct websocket *socket = stream->websocket;

    if (!socket->context)
        return;
    if (wslay_event_want_write(socket->context))
        (void)wslay_event_send(socket->context); /* goes into out, all of it */
    socket->close_sent |= wslay_event_get_close_sent(socket->context) != 0;
    if (socket->out.size == 0)
        return;
    struct message *message = socket->out.failed ? NULL : message_new(socket->out.bytes, socket->out.size);
    buf_done(&socket->out);
    if (message) {
        message_count(message, &stream->hub->kept_bytes);
        subscriber_say(stream, message);
    } else {
        subscriber_end(stream);
    }
    message_unref(message);
}

/* ---- in ---- */

static void refuse(struct subscriber *stream, uint16_t code)
{
    (void)wslay_event_queue_close(stream->websocket->context, code, NULL,
                                  0); /* out of memory: it ends all the same */
    wslay_event_shutdown_read(stream->websocket->context);
}

static ssize_t from_ahead(struct subscriber *stream, uint8_t *bytes, size_t size)
{
    size_t left = stream->ahead_size - stream->ahead_at;

    size = size < left ? size : left;
    memcpy(bytes, stream->ahead + stream->ahead_at, size);
    stream->ahead_at += size;
    if (stream->ahead_at == stream->ahead_size) {
        free(stream->ahead);
        stream->ahead = NULL;
        stream->ahead_size = stream->ahead_at = 0;
    }
    return (ssize_t)size;
}

static ssize_t on_recv(wslay_event_context_ptr context, uint8_t *bytes, size_t size, int flags, void *arg)
{
    struct subscriber *stream = arg;
    struct websocket *socket = stream->websocket;
    bool enough = (socket->read >= READ_MAX && !stream->ahead) || stream->writes >= WRITES_MAX;
    ssize_t got = enough          ? 0
                  : stream->ahead ? from_ahead(stream, bytes, size)
                                  : recv(stream->fd, bytes, size, MSG_DONTWAIT);

    (void)flags;
    if (got > 0) {
        socket->read += (size_t)got;
        socket->fed += (uint64_t)got;
        return got;
    }
    bool waits = enough || (got < 0 && (errno == EAGAIN || errno == EINTR));
    socket->gone |= !waits;
    wslay_event_set_error(context, waits ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static void on_frame(wslay_event_context_ptr context, const struct wslay_event_on_frame_recv_start_arg *frame,
                     void *arg)
{
    struct subscriber *stream = arg;
    struct websocket *socket = stream->websocket;

    (void)context;
    socket->payload = frame->payload_length;
    socket->in_control = wslay_is_ctrl_frame(frame->opcode);
    if (frame->opcode == WSLAY_CONNECTION_CLOSE && frame->payload_length == 1)
        refuse(stream, CLOSE_PROTOCOL); /* which the library lets through: RFC 6455 5.5.1 */
    if (socket->in_control)
        return;
    if (frame->opcode != WSLAY_CONTINUATION_FRAME) {
        socket->opcode = frame->opcode;
        socket->begun_ms = stream->hub->now_ms;
    }
    socket->fragmented = !frame->fin;
    if (socket->incoming.size + frame->payload_length > MESSAGE_MAX)
        refuse(stream, CLOSE_TOO_BIG);
}

static void on_chunk(wslay_event_context_ptr context, const struct wslay_event_on_frame_recv_chunk_arg *chunk,
                     void *arg)
{
    struct subscriber *stream = arg;
    struct websocket *socket = stream->websocket;

    if (socket->in_control || !wslay_event_get_read_enabled(context))
        return;
    buf_add(&socket->incoming, chunk->data, chunk->data_length);
    charge(stream);
    if (socket->incoming.size > MESSAGE_MAX)
        refuse(stream, CLOSE_TOO_BIG);
    else if (socket->incoming.failed || stream->hub->incoming_bytes > INCOMING_MAX)
        refuse(stream, CLOSE_TRY_LATER);
}

/* The library takes the shortest form of a length alone, so that this is what its head had. */
static uint64_t head_bytes(uint64_t payload)
{
    return 2 + 4 + (payload < 126 ? 0 : payload < 65536 ? 2 : 8);
}

static void on_frame_end(wslay_event_context_ptr context, void *arg)
{
    struct websocket *socket = ((struct subscriber *)arg)->websocket;

    (void)context;
    socket->taken += head_bytes(socket->payload) + socket->payload;
    if (!socket->fragmented && !socket->incoming.size)
        socket->begun_ms = 0; /* a ping on its own */
}

static void end_incoming(struct subscriber *stream)
{
    buf_done(&stream->websocket->incoming);
    charge(stream);
    stream->websocket->begun_ms = 0;
}

static void hand_over(struct subscriber *stream)
{
    const struct hub_source *source = &stream->hub->settings.source;
    struct websocket *socket = stream->websocket;
    struct write *write = malloc(sizeof *write + socket->incoming.size + 1);

    if (!write) {
        refuse(stream, CLOSE_TRY_LATER);
        return;
    }
    *write = (struct write){.stream = stream};
    if (socket->incoming.size)
        memcpy(write->bytes, socket->incoming.bytes, socket->incoming.size);
    write->bytes[socket->incoming.size] = '\0';
    write->write = (struct hub_write){.caller = &stream->caller,
                                      .bytes = write->bytes,
                                      .size = socket->incoming.size,
                                      .is_text = socket->opcode == WSLAY_TEXT_FRAME};
    end_incoming(stream);
    stream->writes++;
    source->write(source->of, &write->write);
}

static void on_message(wslay_event_context_ptr context, const struct wslay_event_on_msg_recv_arg *message,
                       void *arg)
{
    struct subscriber *stream = arg;

    if (message->opcode == WSLAY_CONNECTION_CLOSE)
        stream->websocket->close_received = true;
    if (!wslay_is_ctrl_frame(message->opcode) && wslay_event_get_read_enabled(context) &&
        stream->state != SUBSCRIBER_CLOSING)
        hand_over(stream);
}

static const struct wslay_event_callbacks callbacks = {
    .recv_callback = on_recv,
    .send_callback = on_send,
    .on_frame_recv_start_callback = on_frame,
    .on_frame_recv_chunk_callback = on_chunk,
    .on_frame_recv_end_callback = on_frame_end,
    .on_msg_recv_callback = on_message,
};

static bool has_context(struct subscriber *stream)
{
    if (!stream->websocket)
        stream->websocket = calloc(1, sizeof *stream->websocket);
    struct websocket *socket = stream->websocket;
    if (!socket)
        return false;
    if (socket->context)
        return true;
    if (wslay_event_context_server_init(&socket->context, &callbacks, stream) != 0) {
        socket->context = NULL;
        return false;
    }
    wslay_event_config_set_no_buffering(socket->context, 1);
    wslay_event_config_set_max_recv_msg_length(socket->context, MESSAGE_MAX);
    socket->fed = socket->taken = 0;
    return true;
}

/* Nothing is half received, and no close is under way. */
static bool is_idle(const struct websocket *socket)
{
    return socket->fed == socket->taken && !socket->fragmented && !socket->incoming.size &&
           !socket->close_sent && wslay_event_get_read_enabled(socket->context) &&
           !wslay_event_want_write(socket->context);
}

/* What comes after the end: read away, so that the client gets the goodbye and not a reset. False: it is
 * gone. */
static bool read_away(struct subscriber *stream)
{
    char bytes[16 * 1024];
    ssize_t size = recv(stream->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

/* The library ends a frame that it cannot read without a code: it gets the one that RFC 6455 7.4.1 has. */
static void end_broken(struct subscriber *stream)
{
    struct message *message = message_close(CLOSE_PROTOCOL);

    stream->websocket->broken = stream->websocket->close_sent = true;
    if (message) {
        message_count(message, &stream->hub->kept_bytes);
        subscriber_say(stream, message);
    }
    message_unref(message);
    subscriber_close(stream, 0, NULL);
}

bool websocket_read(struct subscriber *stream)
{
    if (!has_context(stream))
        return false;
    struct websocket *socket = stream->websocket;
    if (socket->broken || !wslay_event_get_read_enabled(socket->context))
        return read_away(stream);
    socket->read = 0;
    bool failed = wslay_event_recv(socket->context) != 0;
    if (socket->gone)
        return false;
    if (failed) {
        end_broken(stream);
        return true;
    }
    send_out(stream);
    if (stream->state == SUBSCRIBER_OVER)
        return true;
    if (!wslay_event_get_read_enabled(socket->context) || socket->close_received)
        subscriber_close(stream, 0, NULL); /* what the library said stands */
    else if (is_idle(socket)) {
        wslay_event_context_free(socket->context);
        socket->context = NULL;
        socket->begun_ms = 0;
    } else if (!socket->begun_ms) {
        socket->begun_ms =
            stream->hub->now_ms; /* of a head, which the library does not show until it is whole */
    }
    if (socket->close_received)
        subscriber_touch(stream); /* once the rest is sent it is over */
    if (stream->state != SUBSCRIBER_OVER)
        subscriber_listen(stream, stream->writes < WRITES_MAX);
    return true;
}

/* ---- what the hub says ---- */

void websocket_text(struct subscriber *stream, const char *text, size_t size)
{
    struct buf json = {.bytes = (char *)text, .size = size};
    struct message *message = message_of(HUB_WEBSOCKET, 0, "", &json);

    if (message) {
        message_count(message, &stream->hub->kept_bytes);
        subscriber_say(stream, message);
    } else {
        subscriber_end(stream);
    }
    message_unref(message);
}

void websocket_close(struct subscriber *stream, uint16_t code, const char *why)
{
    if (code == 0 || !has_context(stream))
        return;
    (void)wslay_event_queue_close(stream->websocket->context, code, (const uint8_t *)why,
                                  strlen(why)); /* out of memory: it ends all the same */
    send_out(stream);
}

void websocket_lose(struct subscriber *stream)
{
    subscriber_close(stream, CLOSE_TRY_LATER, "out of memory");
    if (stream->websocket)
        stream->websocket->broken = true;
}

bool websocket_is_over(const struct subscriber *stream)
{
    const struct websocket *socket = stream->websocket;

    return !socket || (socket->close_sent && socket->close_received);
}

bool websocket_is_late(const struct subscriber *stream)
{
    const struct websocket *socket = stream->websocket;
    unsigned whole_ms = stream->hub->settings.whole_ms;

    return socket && socket->begun_ms &&
           stream->hub->now_ms - socket->begun_ms >= (whole_ms ? whole_ms : WHOLE_MS);
}

void websocket_free(struct subscriber *stream)
{
    struct websocket *socket = stream->websocket;

    if (!socket)
        return;
    end_incoming(stream);
    buf_done(&socket->out);
    if (socket->context)
        wslay_event_context_free(socket->context);
    free(socket);
    stream->websocket = NULL;
}

/* ---- answers ---- */

static void answered(struct hub *hub, struct post *post)
{
    struct write *write = (struct write *)((char *)post - offsetof(struct write, post));
    struct subscriber *stream = write->stream;

    (void)hub;
    stream->writes--;
    if (write->is_lost)
        subscriber_close(stream, CLOSE_TRY_LATER, "out of memory");
    else if (stream->state != SUBSCRIBER_OVER && stream->state != SUBSCRIBER_CLOSING && write->answer_size)
        websocket_text(stream, write->answer, write->answer_size);
    if (stream->state != SUBSCRIBER_OVER && stream->state != SUBSCRIBER_CLOSING)
        subscriber_listen(stream, true);
    if (stream->state != SUBSCRIBER_OVER && stream->ahead && !websocket_read(stream))
        subscriber_end(stream);
    free(write->answer);
    free(write);
}

static void run_later(struct hub *hub, struct post *post)
{
    struct write *write = (struct write *)((char *)post - offsetof(struct write, post));

    (void)hub;
    write->run(&write->write);
}

void hub_later(struct hub_write *hub_write, void (*run)(struct hub_write *write))
{
    struct write *write = (struct write *)hub_write;

    write->run = run;
    write->post.run = run_later;
    hub_post(write->stream->hub, &write->post);
}

void hub_answer(struct hub_write *hub_write, const char *text, size_t size)
{
    struct write *write = (struct write *)hub_write;

    write->answer = text && size ? malloc(size) : NULL;
    write->answer_size = write->answer ? size : 0;
    write->is_lost = !text || (size && !write->answer);
    if (write->answer)
        memcpy(write->answer, text, size);
    write->post.run = answered;
    hub_post(write->stream->hub, &write->post);
}
