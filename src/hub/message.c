#include "hub/message.h"

#include <stdlib.h>
#include <string.h>

#include <wslay/wslay.h>

struct message *message_new(const char *bytes, size_t size)
{
    struct message *message = size <= UINT32_MAX ? malloc(sizeof *message + size) : NULL;

    if (!message)
        return NULL;
    *message = (struct message){.refs = 1, .size = (uint32_t)size};
    memcpy(message->bytes, bytes, size);
    return message;
}

void message_count(struct message *message, size_t *total)
{
    message->total = total;
    *total += sizeof *message + message->size;
}

struct message *message_ref(struct message *message)
{
    message->refs++;
    return message;
}

void message_unref(struct message *message)
{
    if (!message || --message->refs > 0)
        return;
    if (message->total)
        *message->total -= sizeof *message + message->size;
    free(message);
}

/* ---- the WebSocket form: a frame as the library writes it ---- */

static ssize_t put_bytes(const uint8_t *bytes, size_t size, int flags, void *arg)
{
    struct buf *out = arg;

    (void)flags;
    buf_add(out, bytes, size);
    return (ssize_t)size;
}

static void put_frame(struct buf *out, uint8_t opcode, const char *payload, size_t size)
{
    const struct wslay_frame_callbacks callbacks = {.send_callback = put_bytes};
    struct wslay_frame_iocb frame = {.fin = 1,
                                     .opcode = opcode,
                                     .payload_length = size,
                                     .data = (const uint8_t *)payload,
                                     .data_length = size};
    wslay_frame_context_ptr framer;

    if (wslay_frame_context_init(&framer, &callbacks, out) != 0) {
        out->failed = true;
        return;
    }
    if (wslay_frame_send(framer, &frame) != (ssize_t)size)
        out->failed = true;
    wslay_frame_context_free(framer);
}

/* ---- the SSE form ---- */

static void put_event(struct buf *out, uint64_t id, const char *type, const struct buf *json)
{
    buf_text(out, "id: ");
    buf_int(out, (int64_t)id);
    buf_text(out, "\nevent: ");
    buf_text(out, type);
    buf_text(out, "\ndata: ");
    buf_add(out, json->bytes, json->size); /* JSON has no line ends but escaped ones */
    buf_text(out, "\n\n");
}

static struct message *end_message(struct buf *bytes)
{
    struct message *message = bytes->failed ? NULL : message_new(bytes->bytes, bytes->size);

    buf_done(bytes);
    return message;
}

struct message *message_of(enum hub_form form, uint64_t id, const char *type, const struct buf *json)
{
    struct buf bytes = {.failed = json->failed};

    if (form == HUB_SSE)
        put_event(&bytes, id, type, json);
    else
        put_frame(&bytes, WSLAY_TEXT_FRAME, json->bytes, json->size);
    return end_message(&bytes);
}

struct message *message_heartbeat(enum hub_form form)
{
    struct buf bytes = {.failed = false};

    if (form == HUB_SSE)
        buf_text(&bytes, ":\n\n");
    else
        put_frame(&bytes, WSLAY_PING, "", 0);
    return end_message(&bytes);
}

struct message *message_close(uint16_t code)
{
    struct buf bytes = {.failed = false};
    char text[2] = {(char)(code >> 8), (char)code};

    put_frame(&bytes, WSLAY_CONNECTION_CLOSE, text, sizeof text);
    return end_message(&bytes);
}

struct message *message_gap(enum hub_form form, uint64_t id)
{
    struct buf json = {.failed = false};

    buf_printf(&json, "{\"id\":%llu,\"type\":\"gap\"}", (unsigned long long)id);
    struct message *message = message_of(form, id, "gap", &json);
    buf_done(&json);
    return message;
}
