#include "http/answer_stream.h"

#include <string.h>

#include <microhttpd.h>

#include "http/deadlines.h"
#include "http/suspend.h"

enum {
    /* for HTTP/1.0, which has no chunks; else the library reads into the connection's memory */
    BLOCK_BYTES = 16 * 1024,
    PIECE_S = 60, /* a piece must be taken so soon: about 1 KB/s (reliability R28) */
};

void request_will_stream(struct request *request, struct answer_stream *stream)
{
    request->stream = stream;
}

void request_stream(struct request *request, int status, const char *content_type)
{
    request->streamed = true;
    request_reply(request, status, content_type);
}

/* The library asks on the loop's thread. 0 with the connection suspended: it asks again once that is resumed.
 */
static ssize_t read_piece(void *arg, uint64_t position, char *to, size_t max)
{
    struct request *request = arg;
    struct answer_stream *stream = request->stream;
    size_t left = request->out.size - stream->taken;

    (void)position;
    if (stream->failed || request->out.failed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (left == 0 && stream->last)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (left == 0) {
        buf_clear(&request->out);
        stream->taken = 0;
        deadline_set(request->deadline, 0); /* what takes time now is ours */
        request_suspend_connection(request);
        stream->more(request);
        return 0;
    }
    if (stream->taken == 0)
        deadline_set(request->deadline, PIECE_S);
    size_t size = left < max ? left : max;
    memcpy(to, request->out.bytes + stream->taken, size);
    stream->taken += size;
    return (ssize_t)size;
}

struct MHD_Response *answer_stream_response(struct request *request)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_piece, request, NULL);
}
