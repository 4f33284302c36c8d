#include "http/gzip.h"

#include <zlib.h>

enum { GZIP_ONLY = 15 + 16, CHUNK = 16384 };

static enum rc inflate_all(z_stream *stream, struct buf *out, size_t max, struct fault *fault)
{
    for (;;) {
        if (out->size > max)
            return fault_set(fault, RC_TOO_LARGE, NULL, "the body inflates to more than 1 MiB");
        if (!buf_reserve(out, CHUNK))
            return fault_no_memory(fault);
        stream->next_out = (Bytef *)out->bytes + out->size;
        stream->avail_out = CHUNK;
        int code = inflate(stream, Z_NO_FLUSH);
        out->size += CHUNK - stream->avail_out;
        if (code == Z_STREAM_END)
            break;
        if (code != Z_OK || (stream->avail_in == 0 && stream->avail_out != 0))
            return fault_set(fault, RC_INVALID, "body", "the gzip data is damaged or cut off");
    }
    if (stream->avail_in)
        return fault_set(fault, RC_INVALID, "body", "bytes after the gzip data");
    return out->size > max ? fault_set(fault, RC_TOO_LARGE, NULL, "the body inflates to more than 1 MiB")
                           : RC_OK;
}

enum rc gzip_inflate(struct buf *buf, size_t max, struct fault *fault)
{
    z_stream stream = {.next_in = (Bytef *)buf->bytes, .avail_in = (uInt)buf->size};
    struct buf out = {0};

    if (inflateInit2(&stream, GZIP_ONLY) != Z_OK)
        return fault_no_memory(fault);
    enum rc rc = inflate_all(&stream, &out, max, fault);
    (void)inflateEnd(&stream); /* frees; the result is known */
    if (rc != RC_OK) {
        buf_done(&out);
        return rc;
    }
    buf_done(buf);
    *buf = out;
    return RC_OK;
}

bool gzip_deflate(struct buf *buf)
{
    z_stream stream = {.next_in = (Bytef *)buf->bytes, .avail_in = (uInt)buf->size};
    struct buf out = {0};

    if (deflateInit2(&stream, 1, Z_DEFLATED, GZIP_ONLY, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    bool fits = buf_reserve(&out, buf->size);
    stream.next_out = (Bytef *)out.bytes;
    stream.avail_out = fits ? (uInt)buf->size : 0;
    bool whole = fits && deflate(&stream, Z_FINISH) == Z_STREAM_END;
    out.size = buf->size - stream.avail_out;
    (void)deflateEnd(&stream); /* frees; the result is known */
    if (!whole) {
        buf_done(&out);
        return false;
    }
    buf_done(buf);
    *buf = out;
    return true;
}
