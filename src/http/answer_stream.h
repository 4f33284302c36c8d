#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "http/request.h"

/* An answer that is made while it is sent, a piece at a time: request->out holds the piece that is on its
 * way, and while the next one is made the connection is suspended. So an answer of any length takes the
 * memory of one piece, and a slow client keeps nothing but that. Sent chunked, without ETag and not
 * compressed: nothing is known of its end. */

struct MHD_Response;

struct answer_stream {
    /* The piece is taken. Loop's thread; out is empty. Whoever is asked fills it, sets last with the last
     * piece (or failed: the connection is closed in the middle, so that nobody takes a part for the whole),
     * then calls request_resume once, from any thread. */
    void (*more)(struct request *request);
    /* When the request ends, whether the stream ever began or not; never between more and request_resume. The
     * loop's thread; when the connection ended while the request waited, whoever resumes it. */
    void (*end)(struct request *request);
    bool last, failed;
    size_t taken; /* of out; answer_stream.c's own */
};

/* From here on the request's end calls stream->end. The stream lies in the request's arena. */
void request_will_stream(struct request *request, struct answer_stream *stream);

/* Answers with what is in out and what more gives after it. Instead of request_reply, after
 * request_will_stream. */
void request_stream(struct request *request, int status, const char *content_type);

/* For answer.c: the library's answer; NULL: out of memory. A piece that its client has not taken after so
 * long is late. */
struct MHD_Response *answer_stream_response(struct request *request);
