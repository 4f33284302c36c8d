#pragma once

#include "face/face.h"

/* A long answer in steps: made whole while it is short, from then on a piece at a time, as its client takes
 * it. */

/* What makes a long answer. step does some milliseconds of work, appends to out what is ready of it (64 KiB
 * or so; nothing is fine) and says whether that was all. It runs on a worker's thread, one step at a time,
 * and holds no lock when it returns; what it needs lies in state, in the request's arena or of its own. A
 * refusal before 256 KiB were written is the answer; a later one breaks it off. */
struct face_source {
    enum rc (*step)(void *state, struct buf *out, bool *out_last, struct fault *fault);
    void (*free)(void *state); /* once, when the request ends, however; NULL: nothing to free */
    void *state;
    const char *content_type;
    bool small;   /* the first step takes a fraction of a millisecond: tried on the server's thread */
    bool is_long; /* it does all in one go, and that may be long: struct job's */
};

/* Answers with 200 and what the source makes: whole, with ETag, up to 256 KiB; else streamed. The source is
 * copied. */
void face_stream(struct request *request, const struct face_source *source);
